import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { BotEvents } from '../bot/events.ts'
import type { ChannelKey } from '../conversation.ts'
import type { Queue } from '../queue.ts'
import type { TraceHeaders } from '../trace-headers.ts'
import { loadApi, registered } from './api.ts'
import { EventMetrics } from './event-metrics.ts'
import { type BotStats, watchBot, watchQueue } from './gauges.ts'
import { GivenReplies } from './given-replies.ts'
import { Instruments } from './instruments.ts'
import type { Measuring } from './measuring.ts'
import { type SpanName, scopeName, spanKinds } from './names.ts'
import type { TelemetryOptions } from './options.ts'
import { scopes } from './scope.ts'
import type { SpanAttributes } from './span-attributes.ts'
import { Tracing } from './tracing.ts'
import { type SpanStart, unseen, type WorkSpan } from './work-span.ts'

type EventName = keyof BotEvents

/** A span by one of our names, or by another with its kind. */
type Start = Omit<SpanStart, 'kind' | 'name'> &
  ({ readonly name: SpanName; readonly kind?: never } | Pick<SpanStart, 'kind' | 'name'>)

/** Traces and metrics of one bot or one role. Until `start`, and where nobody listens, it does nothing at no cost. */
export class Telemetry {
  readonly #options: TelemetryOptions
  readonly #now: () => number
  readonly #queues: Pick<Queue, 'stats'>[] = []
  #bot: (() => Promise<BotStats>) | undefined
  #tracing: Tracing | undefined
  #meters: MeterProvider | undefined
  #instruments: Measuring | undefined
  #events: EventMetrics | undefined
  #beatAtMs: number | undefined
  /** Since when customers wait for the replies on their way. */
  readonly given = new GivenReplies()

  /** `now`: the clock of the owner, in milliseconds since 1970. */
  constructor(options: TelemetryOptions = {}, now: () => number = Date.now) {
    this.#options = options
    this.#now = now
  }

  /** Whether somebody listens. */
  get isOn(): boolean {
    return this.#tracing !== undefined || this.#instruments !== undefined
  }

  /** A `Meter` for metrics of others, once started; `undefined` where nobody wants metrics. */
  meter(name: string): object | undefined {
    return this.#meters?.getMeter(name)
  }

  /** `undefined` where nobody wants metrics. */
  get instruments(): Measuring | undefined {
    return this.#instruments
  }

  /** Asks this bot for gauges, once started. */
  observeBot(stats: () => Promise<BotStats>): void {
    this.#bot = stats
  }

  /** Asks this queue for gauges, once started. */
  observeQueue(queue: Pick<Queue, 'stats'>): void {
    this.#queues.push(queue)
  }

  /** Finds out who listens. Providers that are registered later are not seen before the next start. */
  async start(): Promise<void> {
    const { tracerProvider, meterProvider } = this.#options
    const global = registered()
    const isTraced = tracerProvider !== undefined || global.trace !== undefined
    const isMetered = meterProvider !== undefined || global.metrics !== undefined
    if (this.isOn || (!isTraced && !isMetered)) return
    const api = await loadApi()
    if (isTraced) {
      const provider = (tracerProvider as TracerProvider | undefined) ?? api.trace.getTracerProvider()
      this.#tracing = new Tracing(api, provider.getTracer(scopeName), this)
    }
    if (isMetered) this.#measure((meterProvider as MeterProvider | undefined) ?? api.metrics.getMeterProvider())
  }

  #measure(meters: MeterProvider): void {
    this.#meters = meters
    const instruments = new Instruments(meters.getMeter(scopeName), this.#options)
    this.#instruments = instruments
    this.#events = new EventMetrics(instruments, this.#now)
    if (this.#bot) watchBot(instruments, { stats: this.#bot, now: this.#now })
    for (const queue of this.#queues) watchQueue(instruments, queue, this.#now)
    instruments.watch(['wa_agent_heartbeat_timestamp_seconds'], (observe) =>
      observe('wa_agent_heartbeat_timestamp_seconds', this.#beatAtMs && this.#beatAtMs / 1000),
    )
  }

  /** Whoever reads the metrics now gets no state of it any more. What was counted stays. */
  stop(): void {
    this.#instruments?.stop()
    this.#meters = undefined
    this.#instruments = undefined
    this.#events = undefined
    this.#tracing = undefined
  }

  /** Counts what a bot tells. */
  tell<Name extends EventName>(name: Name, event: Parameters<BotEvents[Name]>[0]): void {
    this.#events?.tell(name, event)
  }

  /** The loop that looks for work has turned. */
  beat(): void {
    this.#beatAtMs = this.#now()
  }

  /** Does the work for a channel: what happens in it counts for that. */
  within<Result>(channel: ChannelKey, work: () => Result): Result {
    return this.isOn ? scopes.run({ ...scopes.getStore(), telemetry: this, channel }, work) : work()
  }

  /** The labels of the channel that is worked for. */
  get channelLabels(): SpanAttributes {
    const channel = scopes.getStore()?.channel
    return (channel && this.#instruments?.with(channel)) ?? {}
  }

  /**
   * Does the work in a span, a child of the one that is active. It ends with the work, and with an error where the work throws.
   * No message text, no phone number and no id with one belongs into the attributes: see `tagOf`.
   */
  span<Result>(name: SpanName, attributes: SpanAttributes, work: (span: WorkSpan) => Result): Result {
    return this.spanFrom({ name, attributes }, work)
  }

  /** The same with links, or of another kind. */
  spanFrom<Result>(start: Start, work: (span: WorkSpan) => Result): Result {
    const tracing = this.#tracing
    if (!tracing) return work(unseen)
    return tracing.run({ ...start, kind: start.kind ?? spanKinds[start.name] }, work)
  }

  /** Does the work as a part of the trace that came with a job or a message; without one as a part of none. */
  withTrace<Result>(headers: TraceHeaders | undefined, work: () => Result): Result {
    return this.#tracing ? this.#tracing.continue(headers, work) : work()
  }

  /** The trace that is active, for `QueueJob.trace` and `NewMessage.trace`; `undefined` where there is none. */
  injectTrace(): TraceHeaders | undefined {
    return this.#tracing?.headers()
  }

  /** The id of the trace that is active, for logs; `undefined` where there is none. */
  get traceId(): string | undefined {
    return this.#tracing?.headers()?.['traceparent']?.split('-')[1]
  }
}

const ofProcess = new Telemetry()

/** That of the bot whose work is being done, else that of the process: `startTelemetry` has to be called for it. */
export function currentTelemetry(): Telemetry {
  return scopes.getStore()?.telemetry ?? ofProcess
}

/** Lets what belongs to no bot, e.g. a pipeline of its own, be traced where a provider is registered. */
export function startTelemetry(): Promise<void> {
  return ofProcess.start()
}
