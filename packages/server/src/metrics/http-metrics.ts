import type { Histogram, Meter } from '@opentelemetry/api'
import { serverMetricList } from './metric-list.ts'

const { description, unit, buckets } = serverMetricList.http_server_request_duration_seconds
/** OpenTelemetry's name for it. */
export const requestDuration = 'http.server.request.duration'

/** Requests by the pattern of their route and by status. */
export class HttpMetrics {
  readonly #duration: Histogram

  constructor(meter: Meter) {
    const advice = { explicitBucketBoundaries: [...buckets] }
    this.#duration = meter.createHistogram(requestDuration, { description, unit, advice })
  }

  /** `route` is a pattern, `method` one of the known ones: both are bounded. */
  answered(request: { method: string; route: string; status: number; durationMs: number }): void {
    this.#duration.record(request.durationMs / 1000, {
      'http.request.method': request.method,
      'http.route': request.route,
      'http.response.status_code': request.status,
    })
  }
}
