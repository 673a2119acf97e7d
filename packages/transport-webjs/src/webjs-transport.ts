import {
  type Clock,
  type Logger,
  silentLogger,
  systemClock,
  type Transport,
  type TransportHost,
  WaAgentError,
} from '@wa-agent/core'
import { Arrivals } from './arrivals.ts'
import { Listeners, type WebjsEvents } from './events.ts'
import { findInChat } from './finder.ts'
import { Keeper } from './keeper.ts'
import { webjsCapabilities } from './limits.ts'
import { openFromChat } from './media.ts'
import { memoryOfTree } from './memory.ts'
import { type Settings, settingsOf, type WebjsTransportOptions } from './options.ts'
import { OwnMessages } from './own-messages.ts'
import { pulse, reachWhatsApp } from './page.ts'
import { qrCode, showPairingCode, showQr } from './qr.ts'
import { Sender } from './sender.ts'
import type { Session } from './session.ts'
import { type Connection, connectionStateOf, type WebjsState } from './states.ts'
import { Watchdog } from './watchdog.ts'

/** How the connection is, for a page of health. */
export interface WebjsStatus {
  readonly state: WebjsState
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number
  /** Why it is so, where that is not plain. */
  readonly reason?: string
  /** Our number as `15550001111@c.us`, once it is known. */
  readonly phone?: string
  /** Losses in a row. */
  readonly failures: number
  readonly browser?: { readonly pid: number; readonly startedAtMs: number }
}

/** A transport through WhatsApp Web, with what only it has. */
export interface WebjsTransport extends Transport {
  readonly limits: NonNullable<Transport['limits']>
  readonly find: NonNullable<Transport['find']>
  readonly catchUp: NonNullable<Transport['catchUp']>
  readonly openMedia: NonNullable<Transport['openMedia']>
  /** Listens until the function that it returns is called. */
  on<Name extends keyof WebjsEvents>(name: Name, listener: (event: WebjsEvents[Name]) => void): () => void
  readonly status: WebjsStatus
  /** What the browser and its processes take of the memory; `undefined` where there is none, or the system does not tell. */
  browserMemoryBytes(): Promise<number | undefined>
}

/** What exists between start and stop. */
interface Running {
  readonly host: TransportHost
  readonly clock: Clock
  readonly logger: Logger
  readonly keeper: Keeper
  readonly arrivals: Arrivals
  readonly sender: Sender
}

/**
 * WhatsApp through WhatsApp Web in a Chromium of yours: an ordinary number, linked by QR code or pairing code, without
 * templates and without a 24-hour window. Throws `invalid_options`; so does `start` where no browser is found.
 */
export function webjsTransport(options: WebjsTransportOptions = {}): WebjsTransport {
  const settings = settingsOf(options)
  const listeners = new Listeners()
  let running: Running | undefined
  let stopping: Promise<void> | undefined
  let sinceMs = (settings.clock ?? systemClock).now()
  let connection: Connection = { state: 'stopped', failures: 0 }
  let phone: string | undefined

  const now = () => running?.keeper.connection ?? connection
  const connected = () => (now().state === 'connected' ? running?.keeper.session : undefined)

  function changed(to: Connection, pauseMs: number | undefined): void {
    if (!running) return
    const { host, clock, logger, keeper, arrivals } = running
    const from = connection
    connection = to
    sinceMs = clock.now()
    phone = keeper.session?.me[0] ?? phone
    const reason = to.reason === undefined ? {} : { reason: to.reason }
    logger.info({ from: from.state, to: to.state, ...reason }, 'the connection to WhatsApp Web has changed')
    listeners.emit('state-changed', { from: from.state, to: to.state, ...reason }, logger)
    if (pauseMs !== undefined) {
      listeners.emit('restarting', { reason: to.reason ?? '', pauseMs, failures: to.failures }, logger)
    }
    const state = connectionStateOf(to.state)
    if (state === 'connected') arrivals.connected()
    else arrivals.disconnected()
    if (state !== connectionStateOf(from.state) && state !== 'stopped') host.connection(state, to.reason)
  }

  async function stop(): Promise<void> {
    if (!running) return
    const { host, arrivals, keeper } = running
    await Promise.all([arrivals.stop(), keeper.stop()])
    running = undefined
    host.connection('stopped')
  }

  return {
    name: 'webjs',
    tenant: settings.tenant,
    channel: settings.channel,
    capabilities: webjsCapabilities,
    limits: settings.limits,
    async start(host) {
      await stopping
      if (running) return
      const starting = assemble({ host, settings, listeners, changed, connected })
      running = starting
      try {
        starting.keeper.start()
      } catch (error) {
        running = undefined
        throw error
      }
    },
    send: async (delivery, { signal }) =>
      (await running?.sender.send(delivery, signal)) ?? { status: 'failed', retryable: true, reason: 'not started' },
    stop() {
      stopping ??= stop().finally(() => {
        stopping = undefined
      })
      return stopping
    },
    find: (delivery) => findInChat(delivery, { settings, clock: clockOf(running), session: connected }),
    async catchUp(which) {
      if (!running) throw new WaAgentError('not_running', '[transport-webjs] Call start() first.')
      await running.arrivals.catchUp(which)
    },
    openMedia: (media, { signal }) =>
      openFromChat(media, { settings, clock: clockOf(running), session: connected, signal }),
    on: (name, listener) => listeners.on(name, listener),
    get status(): WebjsStatus {
      const { state, failures, reason } = now()
      const session = running?.keeper.session
      return {
        ...{ state, sinceMs, failures },
        ...(reason === undefined ? {} : { reason }),
        ...(phone === undefined ? {} : { phone }),
        ...(session?.pid === undefined ? {} : { browser: { pid: session.pid, startedAtMs: session.startedAtMs } }),
      }
    },
    async browserMemoryBytes() {
      const pid = running?.keeper.session?.pid
      return pid === undefined ? undefined : memoryOfTree(pid)
    },
  }
}

function clockOf(running: Running | undefined): Clock {
  return running?.clock ?? systemClock
}

interface Parts {
  readonly host: TransportHost
  readonly settings: Settings
  readonly listeners: Listeners
  readonly changed: (to: Connection, pauseMs: number | undefined) => void
  readonly connected: () => Session | undefined
}

function assemble({ host, settings, listeners, changed, connected }: Parts): Running {
  const clock = settings.clock ?? host.clock
  const logger = settings.logger ?? host.logger ?? silentLogger
  const common = { settings, clock, logger, random: Math.random, own: new OwnMessages(clock), session: connected }
  const arrivals = new Arrivals({ ...common, host })
  let watchdog: Watchdog | undefined
  const keeper = new Keeper({
    ...common,
    listener: {
      qr(value) {
        const code = qrCode(value)
        listeners.emit('qr', code, logger)
        if (settings.onQr) settings.onQr(code)
        else if (!listeners.has('qr')) showQr(code)
      },
      pairingCode(code) {
        listeners.emit('pairing-code', { code }, logger)
        if (settings.onPairingCode) settings.onPairingCode(code)
        else if (!listeners.has('pairing-code')) showPairingCode(code)
      },
      message(raw) {
        watchdog?.heard()
        arrivals.message(raw)
      },
      reaction(raw) {
        watchdog?.heard()
        arrivals.reaction(raw)
      },
      ack(raw, ack) {
        watchdog?.heard()
        arrivals.ack(raw, ack)
      },
    },
    changed(_, to, pauseMs) {
      const isLinked = to.state === 'connected' || to.state === 'interrupted'
      if (!isLinked) watchdog?.stop()
      if (!isLinked) watchdog = undefined
      else if (keeper.session) watchdog ??= watch(keeper, keeper.session, { ...common, arrivals })
      changed(to, pauseMs)
    },
  })
  return { host, clock, logger, keeper, arrivals, sender: new Sender(common) }
}

interface WatchParts {
  readonly settings: Settings
  readonly clock: Clock
  readonly own: OwnMessages
  readonly arrivals: Arrivals
}

function watch(keeper: Keeper, session: Session, { settings, clock, own, arrivals }: WatchParts): Watchdog {
  return new Watchdog(
    clock,
    {
      pulse: () => session.run(pulse, undefined),
      reach: () => session.run(reachWhatsApp, undefined),
      reconnect: () => session.client.resetState(),
      memoryBytes: async () => (session.pid === undefined ? undefined : memoryOfTree(session.pid)),
      isIdle: () => own.isIdle,
      hasHeardOf: (id) => arrivals.hasHeardOf(id),
      fetchMissed: (sinceMs) => arrivals.catchUp({ sinceMs, signal: session.gone }),
      pageState: (state) => keeper.tell({ type: 'page-state', state }),
      steady: () => keeper.tell({ type: 'steady' }),
      lose: (reason) => session.lose(reason),
    },
    settings,
  )
}
