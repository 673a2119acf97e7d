import {
  type CircuitBreaker,
  type Clock,
  circuitBreaker,
  emptyState,
  type Handoff,
  type InboundMessage,
  type Logger,
  type Pipeline,
  type RunOptions,
  silentLogger,
  systemClock,
  type TurnInput,
  type TurnResult,
  WaAgentError,
} from '@wa-agent/core'
import { checkPipelineOptions } from './check-options.ts'
import { type CloudEvent, type CloudState, Connection } from './connection.ts'
import type { Failure } from './outcome.ts'
import { Uploads } from './uploads.ts'
import { answerSchema, type CloudAnswer, fromWire } from './wire.ts'

/** What happens to messages that are too old for an answer by a machine. */
export type TooOld = 'handoff' | { readonly text: string }

/** How a pipeline in the cloud is reached. Only the first three are needed. */
export interface CloudPipelineOptions {
  /** Of the server, e.g. `https://cloud.example`. */
  readonly url: string
  readonly tenantId: string
  readonly apiKey: string
  /** Which of the tenant's desktop channels this is. Default: its only one. */
  readonly channel?: string
  /** How long one request may take; the server gives up a little earlier and is asked again. Default 30,000. */
  readonly timeoutMs?: number
  /** When the cloud counts as down, and for how long it is left alone. Default: 5 failures in a row, 30,000. */
  readonly circuit?: { readonly maxFailures?: number; readonly coolDownMs?: number }
  /** Messages older than this are answered without the cloud. Default 3,600,000; `Infinity`: never. */
  readonly maxAgeMs?: number
  /** What they get: a text, or (default) the owner, until the conversation is released. */
  readonly tooOld?: TooOld
  /** Whether files that customers send may leave this PC, where the cloud wants them too. Default false: only text and metadata. */
  readonly media?: boolean
  /** Told of what happens between this desktop and its cloud, by the pipeline and by the link. */
  readonly onEvent?: (event: CloudEvent) => void
  readonly fetch?: typeof fetch
  readonly clock?: Clock
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  readonly logger?: Logger
}

/** A pipeline whose agents are in a cloud. */
export interface CloudPipeline extends Pipeline {
  /** How the cloud is, as far as the last call showed. */
  readonly state: CloudState
  /** For `cloudLink`. */
  readonly connection: Connection
}

const pausedRetryMs = 15_000
const refusedRetryMs = 60_000
const supersededRetryMs = 300_000
/** Registering takes no time where the cloud is there. */
const registeringRetryMs: Readonly<Record<CloudState, number>> = {
  unknown: 500,
  reachable: 500,
  away: 5000,
  refused: refusedRetryMs,
  superseded: supersededRetryMs,
}
/** What the cloud takes of the reason of a handoff. */
const longestReason = 500

/**
 * Makes a pipeline whose agents are in a cloud. It has the type of a local one. When the cloud cannot be asked, the turn stays
 * pending on this machine, however long that takes, and goes out in order afterwards. Throws `invalid_options`.
 */
export function cloudPipeline(options: CloudPipelineOptions): CloudPipeline {
  checkPipelineOptions(options)
  return new RemotePipeline(options)
}

class RemotePipeline implements CloudPipeline {
  /** The cloud keeps its own history. */
  readonly historyLimit = 0
  readonly connection: Connection
  readonly #options: CloudPipelineOptions
  readonly #clock: Clock
  readonly #random: () => number
  readonly #breaker: CircuitBreaker
  readonly #uploads: Uploads

  constructor(options: CloudPipelineOptions) {
    const { url, tenantId, apiKey, channel, fetch, clock = systemClock, logger = silentLogger, circuit = {} } = options
    const { onEvent = () => undefined } = options
    this.#options = options
    this.#clock = clock
    this.#random = options.random ?? Math.random
    this.connection = new Connection({ url, tenantId, apiKey, channel, fetch, clock, logger, onEvent })
    this.#uploads = new Uploads(this.connection)
    this.#breaker = circuitBreaker({
      clock,
      refuse: (retryAfterMs) => this.#unavailable('it was away and is left alone', { retryAfterMs }),
      isFailure: () => true,
      ...circuit,
    })
  }

  get state(): CloudState {
    return this.connection.state
  }

  async run(input: TurnInput, options: RunOptions = {}): Promise<TurnResult> {
    options.signal?.throwIfAborted()
    const { connection } = this
    if (this.#isTooOld(input.messages)) return this.#answerLate(input)
    if (connection.state === 'superseded')
      throw this.#unavailable('another desktop has the channel', { retryAfterMs: supersededRetryMs })
    if (connection.isRegistering)
      throw this.#unavailable('it has not taken this desktop on yet', {
        retryAfterMs: registeringRetryMs[connection.state],
      })
    if (connection.isPaused) throw this.#unavailable('it paused this desktop', { retryAfterMs: pausedRetryMs })
    const startedMs = this.#clock.now()
    const answer = await this.#ask(input, options)
    return this.#resultOf(input, answer, startedMs)
  }

  async #ask(input: TurnInput, options: RunOptions): Promise<CloudAnswer> {
    const { timeoutMs = 30_000, media = false } = this.#options
    const { signal } = options
    const call = this.#breaker.begin()
    let failure: Failure | undefined
    try {
      failure = media ? await this.#uploads.send(input.messages, { ...options, timeoutMs }) : undefined
      if (!failure) {
        const json = {
          ...this.connection.about,
          messages: input.messages.map(withoutFile),
          handoff: input.handoff ? { ...input.handoff, reason: input.handoff.reason.slice(0, longestReason) } : null,
        }
        const asked = { method: 'POST', path: 'process-message', json, timeoutMs, signal } as const
        const outcome = await this.connection.ask(asked, answerSchema)
        if (outcome.kind === 'done') {
          call.end('success')
          return outcome.body
        }
        failure = outcome
      }
    } catch (error) {
      call.end('neither')
      throw error
    }
    const isAlive = failure.kind === 'waiting' || failure.kind === 'rejected'
    call.end(failure.kind === 'away' ? 'failure' : isAlive ? 'success' : 'neither')
    throw this.#errorOf(failure)
  }

  #errorOf({ kind, reason, retryAfterMs, cause }: Failure): WaAgentError {
    switch (kind) {
      case 'rejected':
        return new WaAgentError('turn_failed', `The cloud cannot take this turn: ${reason}`, { cause })
      case 'refused':
        return this.#unavailable(`${reason} Correct url, tenantId or apiKey`, { retryAfterMs: refusedRetryMs, cause })
      case 'superseded':
        return this.#unavailable(reason, { retryAfterMs: supersededRetryMs, cause })
      case 'away':
      case 'waiting':
      case 'busy':
      case 'session-unknown':
        return this.#unavailable(reason, { retryAfterMs, cause })
    }
  }

  #unavailable(reason: string, details: { readonly retryAfterMs?: number | undefined; readonly cause?: unknown }) {
    const { retryAfterMs, cause } = details
    const message = `The cloud cannot be asked now: ${reason}. The messages stay pending.`
    // Many conversations wait for the same moment; they must not all come in it.
    const jittered =
      retryAfterMs === undefined ? {} : { retryAfterMs: Math.round(retryAfterMs * (1 + this.#random() / 5)) }
    return new WaAgentError('pipeline_unavailable', message, { retryable: true, ...jittered, cause })
  }

  /** A turn is as old as the newest of its messages. */
  #isTooOld(messages: readonly InboundMessage[]): boolean {
    const { maxAgeMs = 3_600_000 } = this.#options
    const newestMs = Math.max(...messages.map(({ sentAtMs }) => sentAtMs))
    return this.#clock.now() - newestMs > maxAgeMs
  }

  #answerLate(input: TurnInput): TurnResult {
    const { tooOld = 'handoff' } = this.#options
    const nowMs = this.#clock.now()
    this.connection.tooOld(
      input.messages[0]?.chat ?? '',
      input.messages.map(({ id }) => id),
    )
    const { state = emptyState } = input
    const trace = traceOf('too old to ask the cloud', 0)
    if (tooOld !== 'handoff') return { replies: [{ type: 'text', text: tooOld.text }], state, trace }
    const handoff: Handoff = { by: 'agent', reason: 'too old to be answered by the cloud', sinceMs: nowMs }
    return { replies: [], state, trace, ...(input.handoff ? {} : { handoff }) }
  }

  #resultOf({ state = emptyState, handoff: ours }: TurnInput, answer: CloudAnswer, startedMs: number): TurnResult {
    const theirs = answer.handoff
    // The session is the cloud's; of the conversation only the handoff is kept on both sides.
    const agreed = theirs && !ours ? { handoff: fromWire(theirs) } : !theirs && ours ? { handoff: null } : {}
    return {
      replies: answer.replies.map(({ message }) => message),
      state,
      trace: traceOf('answered in the cloud', this.#clock.now() - startedMs),
      ...agreed,
    }
  }
}

/** Text and metadata: the reference would lead to the file. */
function withoutFile(message: InboundMessage): InboundMessage {
  return 'media' in message ? { ...message, media: { ...message.media, reference: message.id } } : message
}

function traceOf(reason: string, totalMs: number): TurnResult['trace'] {
  return {
    classification: { confidence: 0, decidedBy: 'none', entities: {}, reason },
    route: { by: 'intent', reason },
    durationMs: { classify: 0, route: 0, respond: totalMs, total: totalMs },
    modelCalls: [],
    warnings: [],
  }
}
