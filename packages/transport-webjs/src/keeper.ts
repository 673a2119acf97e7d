import { backoffMs, type Clock, type Logger } from '@wa-agent/core'
import { findChromium } from './chromium.ts'
import type { Settings } from './options.ts'
import { guardRejections } from './rejections.ts'
import { Session, type SessionListener } from './session.ts'
import { type Connection, type ConnectionEvent, initialConnection, nextConnection } from './states.ts'

const shortestPauseMs = 2000
const longestPauseMs = 300_000
const longestTakeBackMs = 3_600_000

export interface KeeperOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  /** Gives 0..1. */
  readonly random: () => number
  readonly listener: Omit<SessionListener, 'event'>
  /** The connection has changed; `pauseMs` is told where a new browser will start after it. */
  readonly changed: (from: Connection, to: Connection, pauseMs: number | undefined) => void
}

/** Keeps a session alive: starts a browser, gives up what is lost, starts the next one after a pause that grows. */
export class Keeper {
  readonly #options: KeeperOptions
  #connection = initialConnection
  #session: Session | undefined
  #executablePath: string | undefined
  /** Of the session before: two browsers never have one profile. */
  #ended: Promise<void> = Promise.resolve()
  #cancelPause: (() => void) | undefined
  #releaseGuard: (() => void) | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  get connection(): Connection {
    return this.#connection
  }

  /** The session of now; `undefined` while there is none. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Throws `invalid_options` where there is no browser. */
  start(): void {
    this.#executablePath = findChromium(this.#options.settings.executablePath)
    this.#releaseGuard ??= guardRejections(this.#options.logger)
    this.tell({ type: 'start' })
  }

  /** Resolves once the browser is gone. */
  async stop(): Promise<void> {
    this.tell({ type: 'stop' })
    await this.#ended
    this.#releaseGuard?.()
    this.#releaseGuard = undefined
  }

  tell(event: ConnectionEvent): void {
    const before = this.#connection
    const now = nextConnection(before, event)
    if (now === before) return
    this.#connection = now
    if (now.state === before.state) return
    const pauseMs = this.#pauseOf(now)
    this.#options.changed(before, now, pauseMs)
    if (now.state === 'starting') this.#launch()
    else if (pauseMs !== undefined || isEnd(now)) this.#giveUp(pauseMs)
  }

  #launch(): void {
    void this.#ended.then(() => {
      if (this.#connection.state !== 'starting' || this.#session) return
      const { settings, clock, logger, listener } = this.#options
      const event = (told: ConnectionEvent) => {
        // What a session that was given up still says is about nothing.
        if (this.#session === session) this.tell(told)
      }
      const executablePath = this.#executablePath ?? ''
      const session = new Session({ settings, executablePath, clock, logger, listener: { ...listener, event } })
      this.#session = session
    })
  }

  #giveUp(pauseMs: number | undefined): void {
    this.#cancelPause?.()
    const session = this.#session
    this.#session = undefined
    if (session) this.#ended = session.end()
    if (pauseMs === undefined) return
    this.#cancelPause = this.#options.clock.after(pauseMs, () => this.tell({ type: 'pause-over' }))
  }

  /** How long until the next browser; `undefined` where none comes by itself. */
  #pauseOf({ state, failures }: Connection): number | undefined {
    const { random, settings } = this.#options
    switch (state) {
      case 'restarting':
      case 'logged-out':
        return failures === 0 ? 0 : backoffMs(failures, { baseMs: shortestPauseMs, maxMs: longestPauseMs }, random)
      case 'conflict': {
        const { takeBackAfterMs } = settings
        const maxMs = longestTakeBackMs
        return takeBackAfterMs === false ? undefined : backoffMs(failures, { baseMs: takeBackAfterMs, maxMs }, random)
      }
      default:
        return undefined
    }
  }
}

function isEnd({ state }: Connection): boolean {
  return ['stopped', 'banned', 'refused', 'outdated', 'conflict'].includes(state)
}
