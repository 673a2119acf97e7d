import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { AggregationTemporality, InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { checkNames, type NamesOf } from '@wa-agent/core'
import { requestDuration } from './http-metrics.ts'
import { watchProcess } from './process-metrics.ts'
import type { ServerMetrics } from './server-metrics.ts'

/** How metrics are shown. */
export interface PrometheusMetricsOptions {
  /**
   * Shows them to everybody who reaches the server. Default `false`: they want an admin key, which Prometheus sends as a bearer
   * token.
   */
  readonly public?: boolean
  /** How long what has to be asked for, e.g. of the storage, may take before it is left out. Default 5,000. */
  readonly timeoutMs?: number
}

const optionNames: NamesOf<PrometheusMetricsOptions> = { public: true, timeoutMs: true }

/**
 * Reads when it is asked. A gauge that was not observed this time is left out: the reader of the exporter would repeat for ever
 * what it has heard once, e.g. how much waited before the storage went away.
 */
class Reader extends MetricReader {
  constructor() {
    super({
      aggregationTemporalitySelector: (type) =>
        type === InstrumentType.OBSERVABLE_GAUGE ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    })
  }

  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

/**
 * Metrics in the text format of Prometheus, for `createServer({ metrics })`. Nothing listens on a port of its own. Throws
 * `invalid_options`.
 */
export function prometheusMetrics(options: PrometheusMetricsOptions = {}): ServerMetrics {
  checkNames('prometheusMetrics', options, optionNames)
  const { timeoutMs = 5000 } = options
  const reader = new Reader()
  const meterProvider = new MeterProvider({
    readers: [reader],
    // The serializer leaves the unit out of the name.
    views: [{ instrumentName: requestDuration, name: 'http_server_request_duration_seconds' }],
  })
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  watchProcess(meterProvider)
  const collect = async () => {
    const { resourceMetrics } = await reader.collect({ timeoutMillis: timeoutMs })
    const body = serializer.serialize(resourceMetrics)
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: body.endsWith('\n') ? body : `${body}\n` }
  }
  let reading: ReturnType<typeof collect> | undefined
  return {
    public: options.public ?? false,
    meterProvider,
    read() {
      // One for all who ask meanwhile: of two at once one would miss the gauges that the other has taken.
      reading ??= collect().finally(() => {
        reading = undefined
      })
      return reading
    },
  }
}
