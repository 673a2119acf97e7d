import { Account } from './account.ts'
import { argumentsFor, writeCommand } from './browser.ts'
import { answerCalls } from './calls.ts'
import { type Connecting, connecting } from './connecting.ts'
import { type PageServer, servePage } from './page-server.ts'
import { Simulation } from './simulation.ts'
import type { WhatsAppWebSwitches } from './switches.ts'
import { type Talking, talking } from './talking.ts'

/** How a simulated WhatsApp Web is made: everything has a default, and every switch may be given too. */
export interface WhatsAppWebOptions extends Partial<WhatsAppWebSwitches> {
  /** Whether a browser without a session is linked at once, or shows a QR until the test scans it. Default `by-test`. */
  readonly pair?: 'at-once' | 'by-test'
  /** The number of the account. Default `15550001111`. */
  readonly phone?: string
  /** The lid of the account. Default `990001111@lid`. */
  readonly lid?: string
  /** The name of the account. Default `Shop`. */
  readonly name?: string
  /** Up to which ack WhatsApp goes by itself for what is sent: 0 none, 1 sent (default), 2 delivered, 3 read. */
  readonly autoAck?: 0 | 1 | 2 | 3
  /** What the page says its version is. Default `2.3000.1040000000`. */
  readonly version?: string
  /** How many messages of a chat a page keeps. Default 200. */
  readonly keepInPage?: number
  /** How many messages of a chat the server keeps, with their files. Default 1,000. */
  readonly keepMessages?: number
  /** How many entries `sent` keeps, with their files. Default 10,000. */
  readonly keepSent?: number
}

/** What the server sees of the pages. */
export interface SimulatedPage {
  /** How often a page has been loaded. */
  readonly loads: number
  /** How many pages are connected now. */
  readonly connected: number
  /** What the socket of the last page says; `undefined` where no page is connected. */
  readonly state: string | undefined
  readonly version: string
  /** Names that were asked of the page's `require` and that it does not have. */
  readonly missingModules: readonly string[]
  /** What went wrong in the page itself: a mistake of the simulation. Expect `[]`. */
  readonly failures: readonly string[]
}

/** A web.whatsapp.com on this machine, with everything behind it. */
export interface WhatsAppWeb extends Talking, Connecting, AsyncDisposable {
  readonly port: number
  /** Arguments with which Chromium takes this server for WhatsApp Web. */
  readonly browserArgs: readonly string[]
  /**
   * Writes a command into a folder that starts Chromium with these arguments, and gives its path: for programs that only
   * let one choose the path of the browser. Not on Windows.
   */
  writeBrowser(folder: string, chromiumPath: string): string
  readonly page: SimulatedPage
  /** Change them at any time. */
  readonly switches: WhatsAppWebSwitches
  /** Up to which ack WhatsApp goes by itself. */
  autoAck: 0 | 1 | 2 | 3
  /** The last code that a page asked for. */
  readonly pairingCode: string | undefined
  /** Stops the server. Browsers are the test's own. */
  close(): Promise<void>
}

/**
 * Starts a simulated WhatsApp Web. The account, its chats and its sessions live in this process: a browser that is started
 * again, or another one, finds them as they are.
 */
export async function startWhatsAppWeb(options: WhatsAppWebOptions = {}): Promise<WhatsAppWeb> {
  const {
    pair = 'by-test',
    phone = '15550001111',
    lid = '990001111@lid',
    name = 'Shop',
    autoAck = 1,
    version = '2.3000.1040000000',
    keepInPage = 200,
    keepMessages = 1000,
    keepSent = 10_000,
    ...switches
  } = options
  const account = new Account({ phone, lid, name, keepMessages })
  const simulation = new Simulation({ account, switches, pair, autoAck, keepSent })
  const server = await servePage({
    settings: () => ({ ...simulation.switches, keepInPage, version }),
    reachable: () => simulation.reachable,
    connect: (page) => simulation.connect(page),
    disconnect: (page) => simulation.disconnect(page),
    call: answerCalls(simulation),
    keepFile: (bytes, mimeType) => account.keepFile(bytes, mimeType),
    file: (path) => (simulation.switches.mediaMissing ? undefined : account.file(path)),
  })
  return assemble({ simulation, server, version })
}

interface Parts {
  readonly simulation: Simulation
  readonly server: PageServer
  readonly version: string
}

function assemble({ simulation, server, version }: Parts): WhatsAppWeb {
  const { port, certificate } = server
  const browserArgs = argumentsFor({ port, fingerprint: certificate.fingerprint })
  const close = async () => {
    simulation.waiting.end()
    await server.close()
  }
  return {
    ...talking(simulation),
    ...connecting(simulation),
    port,
    browserArgs,
    writeBrowser: (folder, chromiumPath) => writeCommand(folder, chromiumPath, browserArgs),
    switches: simulation.switches,
    get page() {
      return {
        loads: simulation.loads,
        connected: simulation.pages.size,
        state: simulation.lastPage()?.state,
        version,
        missingModules: [...simulation.missingModules],
        failures: [...simulation.failures],
      }
    },
    get autoAck() {
      return simulation.autoAck
    },
    set autoAck(ack) {
      simulation.autoAck = ack
    },
    get pairingCode() {
      return simulation.pairingCode
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
