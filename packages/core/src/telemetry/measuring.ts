import type { ChannelKey } from '../conversation.ts'
import type { CounterName, GaugeName, HistogramName } from './metric-list.ts'
import type { SpanAttributes } from './span-attributes.ts'

/** Tells a value of a gauge; `undefined` where there is none. */
export type Observe = (name: GaugeName, value: number | undefined, labels?: SpanAttributes) => void

/** The metrics of one bot. */
export interface Measuring {
  /** Adds one to a counter; without a channel for the whole process. */
  count(name: CounterName, channel: ChannelKey | undefined, labels?: SpanAttributes): void
  /** Adds to a counter; `labels` are all that it has. */
  add(name: CounterName, value: number, labels: SpanAttributes): void
  /** Records how long something took; a negative time, where clocks differ, is none. */
  took(name: HistogramName, ms: number, labels: SpanAttributes): void
  /** The labels of a channel and more. */
  with(channel: ChannelKey, labels?: SpanAttributes): SpanAttributes
  /** Asks for values whenever somebody reads the metrics. One that cannot be had then is left out. */
  watch(names: readonly GaugeName[], read: (observe: Observe) => void | Promise<void>): void
  /** Ends the watching: who is gone has no state. */
  stop(): void
}
