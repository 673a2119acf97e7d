export { type PrometheusMetricsOptions, prometheusMetrics } from './prometheus-metrics.ts'
export type { ServerMetrics } from './server-metrics.ts'
export { serverMetricList } from './metric-list.ts'
