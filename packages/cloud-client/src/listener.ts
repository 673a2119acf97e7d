import { backoffMs, waitFor } from '@wa-agent/core'
import { Acknowledger } from './acknowledger.ts'
import type { Connection } from './connection.ts'
import type { EventHandler } from './event-handler.ts'
import { outcomeOf } from './outcome.ts'
import { readServerEvents } from './server-events.ts'
import { acknowledgedSchema, pollAnswerSchema } from './wire.ts'

/** How a desktop listens. */
export interface ListenerOptions {
  /** `auto`: a stream, and long polls where streams do not come through. */
  readonly stream: 'auto' | 'never'
  /** A stream that is silent for so long is dead. */
  readonly streamSilenceMs: number
  readonly requestTimeoutMs: number
  readonly random: () => number
}

/** How listening once ended. `silent`: a stream was opened and not even a first word came. */
type Ending = 'ended' | 'failed' | 'silent' | 'over'

/** Some networks hold streams back; after so many that stayed silent they are not tried again for a while. */
const silentStreams = 2
const tryStreamsAgainMs = 600_000
const pollSeconds = 25

/** Hears what the cloud says, until the session is over: by a stream, or by long polls where streams do not come through. */
export class Listener {
  readonly #connection: Connection
  readonly #handler: EventHandler
  readonly #options: ListenerOptions
  /** The last event that was taken over with all before it. */
  #cursor: string | undefined

  constructor(connection: Connection, handler: EventHandler, options: ListenerOptions) {
    this.#connection = connection
    this.#handler = handler
    this.#options = options
  }

  /** Resolves when `signal` ends or the session is over. */
  async listen(signal: AbortSignal): Promise<void> {
    const { clock } = this.#connection
    const { random, requestTimeoutMs, stream } = this.#options
    const acknowledger = new Acknowledger(this.#connection, { signal, timeoutMs: requestTimeoutMs, random })
    let failures = 0
    let silences = 0
    let pollsUntilMs = stream === 'never' ? Number.POSITIVE_INFINITY : 0
    while (!signal.aborted) {
      const isPolling = clock.now() < pollsUntilMs
      const ending = isPolling ? await this.#poll(acknowledger, signal) : await this.#stream(acknowledger, signal)
      if (ending === 'over') break
      silences = ending === 'silent' ? silences + 1 : 0
      if (silences >= silentStreams) pollsUntilMs = clock.now() + tryStreamsAgainMs
      failures = ending === 'ended' ? 0 : failures + 1
      if (isPolling && ending === 'ended') continue
      const pauseMs = backoffMs(Math.max(1, failures), { baseMs: 1000, maxMs: 30_000 }, random)
      await waitFor(clock, pauseMs, signal)
    }
    await acknowledger.drained()
  }

  async #stream(acknowledger: Acknowledger, signal: AbortSignal): Promise<Ending> {
    const { streamSilenceMs } = this.#options
    const last = this.#cursor === undefined ? {} : { 'last-event-id': encodeURIComponent(this.#cursor.toWellFormed()) }
    const headers = { accept: 'text/event-stream', ...last }
    const query = this.#connection.about
    const silence = new Silence(this.#connection, { silenceMs: streamSilenceMs, signal })
    let hasBegun = false
    let isOpen = false
    try {
      const call = { method: 'GET', path: 'stream', query, headers, timeoutMs: streamSilenceMs, signal } as const
      const response = await this.#connection.open(call, silence.signal)
      if (!response.ok || !response.body) return await this.#notOpened(response)
      this.#connection.noteStream({ kind: 'done' })
      isOpen = true
      for await (const event of readServerEvents(response.body, silence.signal)) {
        silence.broken()
        hasBegun = true
        if (event && !(await this.#take(parse(event.data), acknowledger, signal))) return 'over'
      }
      return hasBegun ? 'ended' : 'failed'
    } catch {
      if (signal.aborted) return 'over'
      if (isOpen) return hasBegun ? 'ended' : 'silent'
      this.#connection.noteStream({ kind: 'away', reason: 'no stream' })
      return 'failed'
    } finally {
      silence.end()
    }
  }

  async #notOpened(response: Response): Promise<Ending> {
    const outcome = await outcomeOf(response, acknowledgedSchema, this.#connection.clock.now())
    this.#connection.noteStream(outcome)
    return outcome.kind === 'superseded' || outcome.kind === 'session-unknown' ? 'over' : 'failed'
  }

  async #poll(acknowledger: Acknowledger, signal: AbortSignal): Promise<Ending> {
    // What was taken over is told first, or it would come again at once.
    await acknowledger.drained()
    const cursor = this.#cursor === undefined ? {} : { cursor: this.#cursor }
    const query = { ...this.#connection.about, wait: String(pollSeconds), ...cursor }
    const timeoutMs = pollSeconds * 1000 + this.#options.requestTimeoutMs
    const outcome = await this.#connection
      .ask({ method: 'GET', path: 'outbound', query, timeoutMs, signal }, pollAnswerSchema)
      .catch(() => undefined)
    if (!outcome || outcome.kind === 'superseded' || outcome.kind === 'session-unknown') return 'over'
    if (outcome.kind !== 'done') return 'failed'
    try {
      for (const event of outcome.body.events) if (!(await this.#take(event, acknowledger, signal))) return 'over'
      return 'ended'
    } catch (error) {
      if (signal.aborted) return 'over'
      throw error
    }
  }

  /** Does what the event says and acknowledges it. False where this desktop is not the one any more. */
  async #take(event: unknown, acknowledger: Acknowledger, signal: AbortSignal): Promise<boolean> {
    const handled = await this.#handler.handle(event, signal)
    if (handled.status === 'superseded') {
      this.#connection.supersede('another desktop has registered')
      return false
    }
    if (handled.status === 'ignored') return true
    acknowledger.add(handled)
    // It acknowledges all before it, too: one that is impossible must be told as that.
    this.#cursor = handled.status === 'taken' ? handled.id : undefined
    return true
  }
}

/** Ends a stream that is silent for too long: a connection may be dead and look open. */
class Silence {
  readonly #connection: Connection
  readonly #silenceMs: number
  readonly #controller = new AbortController()
  readonly signal: AbortSignal
  #cancel: () => void = () => undefined

  constructor(
    connection: Connection,
    { silenceMs, signal }: { readonly silenceMs: number; readonly signal: AbortSignal },
  ) {
    this.#connection = connection
    this.#silenceMs = silenceMs
    this.signal = AbortSignal.any([signal, this.#controller.signal])
    this.broken()
  }

  broken(): void {
    this.#cancel()
    this.#cancel = this.#connection.clock.after(this.#silenceMs, () => this.#controller.abort())
  }

  end(): void {
    this.#cancel()
    this.#controller.abort()
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
