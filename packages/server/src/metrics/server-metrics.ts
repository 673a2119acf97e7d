import type { MeterProvider } from '@opentelemetry/api'

/** Metrics that a server shows at `GET /metrics`. */
export interface ServerMetrics {
  /** Whether they are shown to everybody. */
  readonly public: boolean
  /** Give it to `createBot({ telemetry: { meterProvider } })`, or to the ingest or the worker. */
  readonly meterProvider: MeterProvider
  /** Reads everything, as its content type says. */
  read(): Promise<{ readonly contentType: string; readonly body: string }>
}
