import type { MetricDefinition } from '@wa-agent/core'

/** The metrics of the server, by the name under which Prometheus shows them; those of core are `metricList`. */
export const serverMetricList = {
  http_server_request_duration_seconds: {
    kind: 'histogram',
    description: 'How long the server took to answer, by the pattern of the route.',
    unit: 's',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    of: 'process',
    labels: ['http_request_method', 'http_route', 'http_response_status_code'],
  },
  process_resident_memory_bytes: {
    kind: 'gauge',
    description: 'Memory of the process.',
    of: 'process',
  },
  process_cpu_seconds_total: {
    kind: 'counter',
    description: 'CPU time that the process has used.',
    unit: 's',
    of: 'process',
  },
  process_start_time_seconds: {
    kind: 'gauge',
    description: 'When the process began, in seconds since 1970.',
    unit: 's',
    of: 'process',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>
