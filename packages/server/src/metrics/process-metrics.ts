import type { MeterProvider } from '@opentelemetry/api'
import { serverMetricList } from './metric-list.ts'

/** What Prometheus' own clients tell of a process, under their names. */
export function watchProcess(meterProvider: MeterProvider): void {
  const meter = meterProvider.getMeter('@wa-agent/server')
  const {
    process_resident_memory_bytes: memory,
    process_cpu_seconds_total: cpu,
    process_start_time_seconds: began,
  } = serverMetricList
  meter
    .createObservableGauge('process_resident_memory_bytes', { description: memory.description })
    .addCallback((result) => result.observe(process.memoryUsage.rss()))
  meter
    .createObservableCounter('process_cpu_seconds', { description: cpu.description, unit: cpu.unit })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage()
      result.observe((user + system) / 1e6)
    })
  meter
    .createObservableGauge('process_start_time_seconds', { description: began.description, unit: began.unit })
    .addCallback((result) => result.observe(performance.timeOrigin / 1000))
}
