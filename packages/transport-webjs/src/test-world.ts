import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, type Delivery, type Logger, type SendResult, systemClock } from '@wa-agent/core'
import { type RecordingHost, recordingHost } from '@wa-agent/testing'
import { startWhatsAppWeb, type WhatsAppWeb, type WhatsAppWebOptions } from '@wa-agent/testing/whatsapp-web'
import type { WebjsTransportOptions } from './options.ts'
import { type WebjsTransport, webjsTransport } from './webjs-transport.ts'

/** So much faster than real time passes for what waits on this clock; browsers are as slow as they are. */
const hurry = 20

/** The machine's time, with every wait cut short. */
export const hurriedClock: Clock = {
  now: () => systemClock.now(),
  after: (delayMs, callback) => systemClock.after(delayMs / hurry, callback),
}

/** A line that was logged. */
export interface LogLine {
  readonly level: keyof Logger
  readonly line: string
  readonly fields: Record<string, unknown>
}

/** A transport on a simulated WhatsApp Web, with a real browser between them. */
export interface World extends AsyncDisposable {
  readonly web: WhatsAppWeb
  readonly transport: WebjsTransport
  readonly host: RecordingHost
  readonly lines: readonly LogLine[]
  /** Where the sessions are. */
  readonly folder: string
  /** Waits in real time, without sleeping. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  /** Starts the transport, and waits until it is connected. */
  connect(): Promise<void>
  /** Sends a text, or `message`, to Anna. */
  send(delivery: Partial<Delivery> & { readonly id: string }): Promise<SendResult>
  /** The process of the browser of now. */
  readonly pid: number
}

export const anna = '15550002222@c.us'
export const annasLid = '9002222@lid'

/** What a world is made with: options of both sides, and a folder that outlives it. */
export interface WorldOptions {
  readonly web?: WhatsAppWebOptions
  readonly transport?: WebjsTransportOptions
}

export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const web = await startWhatsAppWeb({ pair: 'at-once', ...options.web })
  web.addContact({ phone: anna, lid: annasLid, pushname: 'Anna' })
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-webjs-'))
  const transport = webjsTransport({
    sessionDir: folder,
    browserArgs: web.browserArgs,
    clock: hurriedClock,
    typing: false,
    markSeen: false,
    onQr: () => undefined,
    onPairingCode: () => undefined,
    ...options.transport,
  })
  const { logger, lines } = recordingLogger()
  const host: RecordingHost = Object.assign(recordingHost({ clock: hurriedClock }), { logger })
  return {
    ...{ web, transport, host, lines, folder, until },
    async connect() {
      await transport.start(host)
      await until(() => host.connections.at(-1) === 'connected')
    },
    send: (delivery) =>
      transport.send(
        {
          chat: anna,
          message: { type: 'text', text: `text of ${delivery.id}` },
          inReplyTo: [],
          attempt: 1,
          ...delivery,
        },
        { signal: new AbortController().signal },
      ),
    get pid() {
      const { browser } = transport.status
      if (!browser) throw new Error('There is no browser.')
      return browser.pid
    },
    async [Symbol.asyncDispose]() {
      await transport.stop()
      const left = await processesWith(folder)
      const { failures } = web.page
      await web.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      if (left.length > 0) throw new Error(`${left.length} processes of the browser are left.`)
      if (failures.length > 0) throw new Error(`The simulated page failed: ${failures.join(', ')}`)
    },
  }
}

function recordingLogger() {
  const lines: LogLine[] = []
  const note = (level: keyof Logger) => (fields: Record<string, unknown>, line: string) =>
    void lines.push({ level, line, fields })
  const logger: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  return { logger, lines }
}

const patienceMs = 20_000

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = systemClock.now() + patienceMs
  while (!(await condition())) {
    if (systemClock.now() > deadline) throw new Error(`It has not happened within ${patienceMs} ms.`)
    await new Promise((resolve) => systemClock.after(5, () => resolve(undefined)))
  }
}

/** Whether a process is there; one that has ended and was not waited for is not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  if (process.platform === 'linux') return stat !== '' && !/\) Z /.test(stat)
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The ids of processes whose command line names this folder. Only Linux can be asked without a further program. */
export async function processesWith(folder: string): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const named = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return line.includes(folder) ? [pid] : []
    }),
  )
  return named.flat()
}
