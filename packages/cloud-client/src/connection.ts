import { type Clock, describeError, type Logger } from '@wa-agent/core'
import ky, { type KyInstance } from 'ky'
import type { z } from 'zod'
import { type Failure, type Outcome, outcomeOf } from './outcome.ts'
import { untilAborted } from './until-aborted.ts'
import type { Registered } from './wire.ts'

/** How the cloud is, as far as the last call showed. */
export type CloudState = 'unknown' | 'reachable' | 'away' | 'refused' | 'superseded'

/** What happened between the desktop and its cloud. */
export type CloudEvent =
  | { readonly type: 'state-changed'; readonly state: CloudState; readonly reason: string }
  | { readonly type: 'registered' }
  /** Another desktop has the channel now. Stop the bot: nothing more is answered here. */
  | { readonly type: 'superseded' }
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  /** Customers' messages were too old to ask the cloud about: they got the configured answer, or wait for the owner. */
  | { readonly type: 'too-old'; readonly chat: string; readonly messageIds: readonly string[] }
  /** The link gave up on something, and goes on. */
  | { readonly type: 'error'; readonly error: unknown; readonly doing: string }

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly url: string
  readonly tenantId: string
  readonly apiKey: string
  readonly channel: string | undefined
  readonly fetch: typeof fetch | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly onEvent: (event: CloudEvent) => void
}

/** One call. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly json?: object
  readonly body?: ReadableStream<Uint8Array>
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** The time that a call has. */
export interface CallLimit {
  readonly signal: AbortSignal
  /** Whether its time is over. */
  readonly isOver: boolean
  end(): void
}

/** What the pipeline and the link of one desktop share: the way to the cloud, the session, and what the cloud ordered. */
export class Connection {
  readonly clock: Clock
  readonly logger: Logger
  readonly #http: KyInstance
  readonly #options: ConnectionOptions
  #state: CloudState = 'unknown'
  #session: string | undefined
  #isPaused = false
  #isLinked = false
  #media: { readonly isWanted: boolean; readonly maxBytes: number } | undefined

  constructor(options: ConnectionOptions) {
    this.clock = options.clock
    this.logger = options.logger
    this.#options = options
    this.#http = ky.create({
      prefix: `${options.url.replace(/\/+$/, '')}/api/desktop-agent`,
      headers: { 'x-api-key': options.apiKey },
      // The engine tries again, and every status is an answer. Time is the clock's.
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
    })
  }

  get state(): CloudState {
    return this.#state
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get hasSession(): boolean {
    return this.#session !== undefined
  }

  /** Whether a link is about to register this desktop: until then nobody knows whether it may answer. */
  get isRegistering(): boolean {
    return this.#isLinked && !this.hasSession
  }

  /** Up to how many bytes the cloud takes of a file; `undefined` where it did not say yet, 0 where it wants none. */
  get maxMediaBytes(): number | undefined {
    return this.#media && (this.#media.isWanted ? this.#media.maxBytes : 0)
  }

  /** Whom a request is about. */
  get about(): Readonly<Record<string, string>> {
    const { tenantId, channel } = this.#options
    return {
      tenantId,
      ...(channel === undefined ? {} : { channel }),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    }
  }

  /** Asks, and says how that ended. Rejects only with the reason of the signal. */
  async ask<Schema extends z.ZodType>(call: Call, schema: Schema): Promise<Outcome<z.output<Schema>>> {
    const limit = this.limit(call)
    try {
      const response = await this.open(call, limit.signal)
      return this.#note(await untilAborted(outcomeOf(response, schema, this.clock.now()), limit.signal))
    } catch (cause) {
      call.signal?.throwIfAborted()
      const reason = limit.isOver ? `no answer within ${call.timeoutMs} ms` : `no answer (${describeError(cause)})`
      return this.#note({ kind: 'away', reason, cause })
    } finally {
      limit.end()
    }
  }

  /** The response as it is, for a stream. Rejects where there is none. */
  open({ method, path, json, body, query, headers = {} }: Call, signal: AbortSignal): Promise<Response> {
    const { fetch: send = fetch } = this.#options
    const opening = this.#http(path, {
      method,
      headers,
      signal,
      // Given once more: the request that ky makes of it may be collected as garbage while the answer is still read, and Node
      // then hears of no abort any more (undici follows the signal of a request by a weak reference).
      fetch: (request) => send(request, { signal }),
      ...(json === undefined ? {} : { json }),
      ...(body === undefined ? {} : { body }),
      ...(query === undefined ? {} : { searchParams: query }),
    })
    return untilAborted(opening, signal)
  }

  /** A signal that ends with the call's own, or when its time is over. */
  limit({ timeoutMs, signal }: Pick<Call, 'timeoutMs' | 'signal'>): CallLimit {
    const late = new AbortController()
    const cancel = this.clock.after(timeoutMs, () => late.abort(new Error('too late')))
    return {
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      get isOver() {
        return late.signal.aborted
      },
      end: cancel,
    }
  }

  /** There is a link, which will register this desktop; or it cannot, and the desktop goes on as one without a link. */
  setLinked(isLinked: boolean): void {
    this.#isLinked = isLinked
  }

  /** The cloud took this desktop on. */
  registered({ session, media, maxMediaBytes, paused }: Registered): void {
    this.#session = session
    this.#media = { isWanted: media, maxBytes: maxMediaBytes }
    this.#tell({ type: 'registered' })
    this.setPaused(paused)
  }

  /** The cloud forgot this desktop: it has to register again. */
  forgotten(): void {
    this.#session = undefined
  }

  /** The cloud lets this desktop answer, or not. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return
    this.#isPaused = isPaused
    this.#tell({ type: isPaused ? 'paused' : 'resumed' })
  }

  setMediaWanted(isWanted: boolean): void {
    if (this.#media) this.#media = { ...this.#media, isWanted }
  }

  /** Another desktop has the channel. There is no way back but a new start. */
  supersede(reason: string): void {
    if (this.#state === 'superseded') return
    this.#change('superseded', reason)
    this.#tell({ type: 'superseded' })
  }

  /** A stream could not be opened, or was. */
  noteStream(outcome: Failure | { readonly kind: 'done' }): void {
    this.#note(outcome.kind === 'done' ? { kind: 'done', body: undefined } : outcome)
  }

  tooOld(chat: string, messageIds: readonly string[]): void {
    this.#tell({ type: 'too-old', chat, messageIds })
  }

  failed(error: unknown, doing: string): void {
    this.#tell({ type: 'error', error, doing })
  }

  #note<Body>(outcome: Outcome<Body>): Outcome<Body> {
    if (outcome.kind === 'superseded') this.supersede(outcome.reason)
    else if (outcome.kind === 'away' || outcome.kind === 'refused') this.#change(outcome.kind, outcome.reason)
    else this.#change('reachable', 'it answers')
    if (outcome.kind === 'session-unknown') this.forgotten()
    return outcome
  }

  #change(state: CloudState, reason: string): void {
    if (this.#state === state || this.#state === 'superseded') return
    this.#state = state
    const level = state === 'refused' || state === 'superseded' ? 'error' : state === 'away' ? 'warn' : 'info'
    this.logger[level]({ state, reason }, 'the cloud')
    this.#tell({ type: 'state-changed', state, reason })
  }

  /** A listener that throws is the application's fault and must not harm a turn. */
  #tell(event: CloudEvent): void {
    try {
      this.#options.onEvent(event)
    } catch (error) {
      this.logger.error({ error: describeError(error), event: event.type }, 'onEvent failed')
    }
  }
}
