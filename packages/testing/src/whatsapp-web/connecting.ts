import type { PageConnection } from './pages.ts'
import type { Simulation } from './simulation.ts'
import type { WaitOptions } from './waiting.ts'

/** Linking, and everything that goes wrong with a connection. */
export interface Connecting {
  /** Resolves with the reference in the QR, once a program reads the QR of a page. */
  qrShown(options?: WaitOptions): Promise<string>
  /** The phone scans the QR: the page that shows it is linked. Waits for such a page, and until it is connected. */
  scanQr(options?: WaitOptions): Promise<void>
  /** Another QR is shown, as every half minute. */
  refreshQr(): void
  /** Resolves with the code that a page asked for. */
  pairingCodeShown(options?: WaitOptions): Promise<string>
  /** The owner types the code in on the phone. Rejects where it is not the last one that was given. */
  enterPairingCode(code: string, options?: WaitOptions): Promise<void>
  /** Resolves once a page is linked and connected. Programs may listen to it somewhat later. */
  connected(options?: WaitOptions): Promise<void>
  /** What the socket of every page says from now on: `CONNECTED`, `TIMEOUT`, `UNPAIRED`, `UNPAIRED_IDLE`, `PROXYBLOCK`, ... */
  setState(state: string): void
  /** The account is used elsewhere. */
  conflict(): void
  /** The owner removes the linked devices: every session is gone. The page navigates, or tells first that it is unpaired. */
  logOutFromPhone(options?: { readonly first?: 'navigation' | 'state' }): void
  /** The page cannot reach WhatsApp until `goOnline`; what comes in and is sent meanwhile is delivered then. */
  goOffline(): void
  goOnline(): void
  /** The sync begins and ends once more. */
  toggleSynced(): void
  /** A navigation within the page. */
  pushState(): void
  reload(): void
  /** The tab crashes. Needs a browser that was started with `browserArgs`. */
  crashTab(): void
  /** The page answers nobody until `thaw`. Resolves once it stands still. */
  freeze(options?: WaitOptions): Promise<void>
  thaw(): void
}

/** Binds these to a simulation. */
export function connecting(simulation: Simulation): Connecting {
  return { ...linking(simulation), ...troubling(simulation) }
}

type Linking = 'qrShown' | 'scanQr' | 'refreshQr' | 'pairingCodeShown' | 'enterPairingCode' | 'connected'

function linking(simulation: Simulation): Pick<Connecting, Linking> {
  const { waiting, pages } = simulation
  const pageThat = (matches: (page: PageConnection) => boolean) => [...pages.values()].find(matches)
  const connected = async (options?: WaitOptions) => {
    await waiting.until(
      'a page that is linked and connected',
      () => pageThat(({ linked, state }) => linked && state === 'CONNECTED'),
      options,
    )
  }
  const isUnpaired = ({ linked, state }: PageConnection) => !linked && state === 'UNPAIRED'
  const link = async (options?: WaitOptions) => {
    simulation.link(await waiting.until('a page that can be linked', () => pageThat(isUnpaired), options))
    await connected(options)
  }
  return {
    connected,
    async qrShown(options) {
      await waiting.until('a QR', () => pageThat((page) => page.qrRead && isUnpaired(page)), options)
      return simulation.ref
    },
    scanQr: link,
    refreshQr: () => simulation.newRef(),
    pairingCodeShown: (options) => waiting.until('a pairing code', () => simulation.pairingCode, options),
    async enterPairingCode(code, options) {
      if (code !== simulation.pairingCode)
        throw new Error('[whatsapp-web] This is not the code that the page was given.')
      await link(options)
    },
  }
}

function troubling(simulation: Simulation): Omit<Connecting, Linking> {
  const { waiting, pages } = simulation
  const tell = (name: string, value?: unknown) => {
    for (const page of pages.values()) page.send(name, value)
  }
  return {
    setState: (state) => tell('state', { state }),
    conflict: () => tell('state', { state: 'CONFLICT' }),
    logOutFromPhone({ first = 'navigation' } = {}) {
      simulation.unlink()
      simulation.broadcast('logged-out', { first })
      for (const page of pages.values()) page.linked = false
    },
    goOffline() {
      simulation.reachable = false
      for (const page of pages.values()) page.end()
    },
    goOnline() {
      simulation.reachable = true
    },
    toggleSynced: () => tell('toggle-synced'),
    pushState: () => tell('push-state'),
    reload: () => tell('reload'),
    crashTab: () => tell('crash'),
    async freeze(options) {
      simulation.frozen = false
      tell('freeze')
      await waiting.until('the page to stand still', () => (simulation.frozen ? true : undefined), options)
    },
    thaw() {
      simulation.frozen = false
      waiting.changed()
    },
  }
}
