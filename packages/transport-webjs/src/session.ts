import type { ChildProcess } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, describeError, type Logger } from '@wa-agent/core'
import { endBrowser, killBrowser, watchLaunch } from './browser.ts'
import { createClient } from './client.ts'
import type { LibraryBrowser, LibraryClient, LibraryPage } from './library.ts'
import type { Settings } from './options.ts'
import { missingModules, ownIds, pulse, repairIds, takeOverSending, wake } from './page.ts'
import { causeOf, isDead, isGone } from './page-errors.ts'
import { moduleNames } from './page-types.ts'
import { lockProfile, ProfileInUseError, type ProfileLock, ProfileUnusableError } from './profile-lock.ts'
import { type ConnectionEvent, type LossReason, lossOf } from './states.ts'
import { within } from './within.ts'

/** What a session tells. */
export interface SessionListener {
  event(event: ConnectionEvent): void
  qr(value: string): void
  pairingCode(code: string): void
  /** WhatsApp Web's own view of a message that was said, by whomever. */
  message(raw: unknown): void
  reaction(raw: unknown): void
  ack(raw: unknown, ack: number): void
}

export interface SessionOptions {
  readonly settings: Settings
  readonly executablePath: string
  readonly clock: Clock
  readonly logger: Logger
  readonly listener: SessionListener
}

/** How often it is looked whether `ready` was lost. */
const wakeEveryMs = 5000
/** After so many looks in vain the page is loaded again; after twice as many the browser is given up. */
const looksUntilReload = 8

/** So long a launch may take once nobody wants it any more. */
const launchMs = 20_000

/** One browser with one client, from its start to its end. A new start needs a new session. */
export class Session {
  readonly client: LibraryClient
  readonly startedAtMs: number
  /** Our own ids, by phone and by LID, once it is ready. */
  me: readonly string[] = []
  /** Whether messages leave under ids that we chose. */
  choosesIds = false
  readonly #options: SessionOptions
  readonly #profile: string
  readonly #gone = new AbortController()
  readonly #launch = Promise.withResolvers<void>()
  readonly #began: Promise<void>
  #process: ChildProcess | undefined
  #browser: LibraryBrowser | undefined
  #lock: ProfileLock | undefined
  #ending: Promise<void> | undefined
  #isLoggedOut = false
  #isReady = false
  #looks = 0
  #codeAtMs: number | undefined
  #cancelLook: (() => void) | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    const { settings, executablePath, clock } = options
    this.startedAtMs = clock.now()
    this.#profile = join(settings.sessionDir, `session-${settings.clientId}`)
    this.client = createClient(settings, executablePath, {
      launched: (browser, page) => this.#launched(browser, page),
      loggedOut: () => {
        this.#isLoggedOut = true
        this.lose('logged-out')
      },
      injectionFailed: (error) => {
        // The navigation that was in the way brings another try with it; where it does not, that is noticed by and by.
        if (isGone(error) && !isDead(error)) return
        options.logger.warn({ error: describeError(error), cause: causeOf(error) }, 'a page could not be taken over')
        this.lose('page-failed')
      },
    })
    this.#listen()
    this.#began = this.#begin()
  }

  /** Aborted once nothing comes of this session any more. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  get pid(): number | undefined {
    return this.#browser?.process()?.pid
  }

  /** Runs one of our functions in the page, for at most `pageTimeoutMs`. */
  async run<Argument, Result>(work: (argument: Argument) => Result, argument: Argument): Promise<Awaited<Result>> {
    const { settings, clock } = this.#options
    const page = this.client.pupPage
    if (!page || this.gone.aborted) throw new Error('Target closed: the session has ended')
    return within({ clock, limitMs: settings.pageTimeoutMs }, page.evaluate(work as never, argument as never))
  }

  /** Says once that it is over; whoever hears of it calls `end`. */
  lose(reason: LossReason, words?: string): void {
    if (this.gone.aborted) return
    this.#gone.abort()
    this.#cancelLook?.()
    this.#options.listener.event({ type: 'lost', reason, ...(words === undefined ? {} : { words }) })
  }

  /** Ends the browser, whatever it is doing. Resolves when it is gone and the profile is free; never rejects. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #begin(): Promise<void> {
    const { clock, settings } = this.#options
    const forget = watchLaunch(this.#profile, (child) => {
      this.#process = child
    })
    try {
      this.#lock = await lockProfile(this.#profile, { clock })
      if (this.gone.aborted) return
      // The library itself waits for ever for a page that does not load.
      await within({ clock, limitMs: settings.startTimeoutMs }, this.client.initialize())
      this.#look()
    } catch (error) {
      const { reason, words } = lossOfStart(error, this.#browser !== undefined)
      this.#options.logger.warn(
        { reason, error: describeError(error), cause: causeOf(error) },
        'WhatsApp Web did not start',
      )
      this.lose(reason, words)
    } finally {
      forget()
      this.#launch.resolve()
    }
  }

  async #end(): Promise<void> {
    const { clock, logger } = this.#options
    this.#gone.abort()
    this.#cancelLook?.()
    // A browser that is being launched cannot be ended in order yet, and would stay. One that hangs never could.
    await within({ clock, limitMs: launchMs }, this.#launch.promise).catch(
      () => this.#process && killBrowser(this.#process, clock),
    )
    await this.#launch.promise
    if (this.#browser) await endBrowser(this.#browser, clock)
    else if (this.#process) await killBrowser(this.#process, clock)
    await this.#began
    // Not under the running browser, which would write on.
    if (this.#isLoggedOut) {
      await rm(this.#profile, { recursive: true, force: true, maxRetries: 4 }).catch((error: unknown) =>
        logger.warn(
          { error: describeError(error) },
          'the profile of a session that was logged out could not be deleted',
        ),
      )
    }
    await this.#lock?.release().catch((error: unknown) => {
      logger.warn({ error: describeError(error) }, 'the lock of a session could not be removed')
    })
  }

  #launched(browser: LibraryBrowser, page: LibraryPage): void {
    this.#browser = browser
    // Given up while it was still starting.
    if (this.#ending !== undefined) void endBrowser(browser, this.#options.clock)
    browser.on('disconnected', () => this.lose('browser-gone'))
    page.on('error', () => this.lose('tab-crashed'))
    page.on('close', () => this.lose('browser-gone'))
    page.on('domcontentloaded', () => this.#loads())
    this.#launch.resolve()
  }

  /** What was done to the page before is gone; the library takes it over by itself. */
  #loads(): void {
    if (!this.#isReady || this.gone.aborted) return
    this.#isReady = false
    this.choosesIds = false
    this.#looks = 0
    this.#options.listener.event({ type: 'page-loading' })
    this.#look()
  }

  #listen(): void {
    const { listener, logger } = this.#options
    this.#on('qr', (value) => this.#showsCode(() => listener.qr(String(value)), 'qr'))
    this.#on('code', (code) => this.#showsCode(() => listener.pairingCode(String(code)), 'pairing-code'))
    this.#on('loading_screen', () => {
      this.#looks = 0
    })
    this.#on('authenticated', async () => {
      this.#codeAtMs = undefined
      this.#looks = 0
      listener.event({ type: 'authenticated' })
      // It runs before the library loads what relies on it.
      const isRepaired = await this.run(repairIds, undefined)
      if (isRepaired) logger.info({}, 'the ids of messages are repaired')
    })
    this.#on('ready', () => this.#ready())
    this.#on('change_state', (state) => listener.event({ type: 'page-state', state: String(state) }))
    this.#on('disconnected', (reason) => {
      this.#isLoggedOut ||= reason === 'LOGOUT'
      this.lose(lossOf(String(reason)))
    })
    this.#on('message_create', (message) => listener.message(rawOf(message)))
    this.#on('message_reaction', (reaction) => listener.reaction(reaction))
    this.#on('message_ack', (message, ack) => listener.ack(rawOf(message), Number(ack)))
  }

  /** What a listener throws would vanish in the page. */
  #on(name: string, listen: (...values: readonly unknown[]) => void | Promise<void>): void {
    this.client.on(name, (...values: readonly unknown[]) => {
      if (this.gone.aborted) return
      const listening = async () => listen(...values)
      listening().catch((error: unknown) => {
        if (this.gone.aborted) return
        const fields = { event: name, error: describeError(error), cause: causeOf(error) }
        this.#options.logger.error(fields, 'a listener of WhatsApp Web failed')
      })
    })
  }

  #showsCode(show: () => void, type: 'qr' | 'pairing-code'): void {
    this.#codeAtMs = this.#options.clock.now()
    this.#options.listener.event({ type })
    show()
  }

  /** Comes again after each reload and each synchronisation; the page may be another one each time. */
  async #ready(): Promise<void> {
    const { listener, logger } = this.#options
    this.#codeAtMs = undefined
    await this.run(repairIds, undefined).catch(() => false)
    this.choosesIds = await this.run(takeOverSending, undefined).catch(() => false)
    const me = await this.run(ownIds, undefined).catch(() => [])
    if (me.length > 0) this.me = me
    const missing = await this.run(missingModules, moduleNames).catch(() => [])
    if (this.gone.aborted) return
    if (missing.length > 0) logger.warn({ missing }, 'WhatsApp Web has changed: modules are missing')
    if (!this.choosesIds) logger.warn({}, 'WhatsApp Web has changed: messages go out under ids that it chooses')
    if (!this.#isReady) logger.info({ choosesIds: this.choosesIds }, 'WhatsApp Web is ready')
    this.#isReady = true
    this.#cancelLook?.()
    listener.event({ type: 'ready' })
  }

  /** `ready` is lost where the synchronisation ended before the library listened for it. */
  #look(): void {
    if (this.#isReady || this.gone.aborted) return
    this.#cancelLook?.()
    this.#cancelLook = this.#options.clock.after(wakeEveryMs, () => {
      void this.#lookOnce().finally(() => this.#look())
    })
  }

  async #lookOnce(): Promise<void> {
    const { clock, settings, logger, listener } = this.#options
    const page = await this.run(pulse, undefined).catch(() => undefined)
    if (page && !this.#isReady) listener.event({ type: 'page-state', state: page.state })
    if (this.gone.aborted) return
    const woken = await this.run(wake, undefined).catch(() => false)
    if (this.#isReady || this.gone.aborted) return
    if (woken) logger.info({}, 'the end of the synchronisation was missed, and is made up for')
    if (this.#codeAtMs !== undefined) {
      if (clock.now() - this.#codeAtMs > settings.codeIdleMs) this.lose('qr-expired')
      return
    }
    this.#looks += 1
    if (this.#looks >= 2 * looksUntilReload) return this.lose('never-ready')
    if (this.#looks !== looksUntilReload) return
    // Where that fails too, the browser is given up soon.
    await this.client.pupPage?.reload({ timeout: settings.pageTimeoutMs }).catch(() => undefined)
  }
}

function rawOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'rawData' in message ? message.rawData : undefined
}

function lossOfStart(error: unknown, hasLaunched: boolean): { readonly reason: LossReason; readonly words?: string } {
  if (error instanceof ProfileInUseError) return { reason: 'profile-in-use', words: error.message }
  if (error instanceof ProfileUnusableError) return { reason: 'launch-failed', words: error.message }
  return { reason: hasLaunched ? 'page-failed' : 'launch-failed' }
}
