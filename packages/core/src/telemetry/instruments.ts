import type { BatchObservableCallback, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api'
import type { ChannelKey } from '../conversation.ts'
import { Labels } from './labels.ts'
import type { Measuring, Observe } from './measuring.ts'
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricDefinition,
  metricList,
} from './metric-list.ts'
import type { TelemetryOptions } from './options.ts'
import type { SpanAttributes } from './span-attributes.ts'

/** The instruments of one meter, made at once: a metric that is still 0 is shown as soon as it is not. */
export class Instruments implements Measuring {
  readonly #meter: Meter
  readonly #labels: Labels
  readonly #counters = new Map<CounterName, Counter>()
  readonly #histograms = new Map<HistogramName, Histogram>()
  readonly #gauges = new Map<GaugeName, ObservableGauge>()
  readonly #ends: (() => void)[] = []

  constructor(meter: Meter, options: TelemetryOptions) {
    this.#meter = meter
    this.#labels = new Labels(options)
    for (const [name, definition] of Object.entries<MetricDefinition>(metricList)) {
      const { kind, description, unit, buckets } = definition
      const about = { description, ...(unit ? { unit } : {}) }
      // Exporters for Prometheus put `_total` behind counters; others must not see it.
      if (kind === 'counter') {
        this.#counters.set(name as CounterName, meter.createCounter(name.replace(/_total$/, ''), about))
      } else if (kind === 'histogram') {
        const advice = buckets ? { advice: { explicitBucketBoundaries: [...buckets] } } : {}
        this.#histograms.set(name as HistogramName, meter.createHistogram(name, { ...about, ...advice }))
      } else this.#gauges.set(name as GaugeName, meter.createObservableGauge(name, about))
    }
  }

  count(name: CounterName, channel: ChannelKey | undefined, labels: SpanAttributes = {}): void {
    this.add(name, 1, channel ? this.with(channel, labels) : labels)
  }

  add(name: CounterName, value: number, labels: SpanAttributes): void {
    this.#counters.get(name)?.add(value, labels)
  }

  took(name: HistogramName, ms: number, labels: SpanAttributes): void {
    this.#histograms.get(name)?.record(Math.max(ms, 0) / 1000, labels)
  }

  with(channel: ChannelKey, labels: SpanAttributes = {}): SpanAttributes {
    return { ...this.#labels.of(channel), ...labels }
  }

  watch(names: readonly GaugeName[], read: (observe: Observe) => void | Promise<void>): void {
    const gauges = names.flatMap((name) => this.#gauges.get(name) ?? [])
    const callback: BatchObservableCallback = async (result) => {
      const observe: Observe = (name, value, labels) => {
        const gauge = this.#gauges.get(name)
        if (gauge && value !== undefined) result.observe(gauge, value, labels)
      }
      await Promise.resolve(read(observe)).catch(() => undefined)
    }
    this.#meter.addBatchObservableCallback(callback, gauges)
    this.#ends.push(() => this.#meter.removeBatchObservableCallback(callback, gauges))
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end()
  }
}
