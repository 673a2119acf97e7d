// #region metrics
import { type BotOptions, createBot } from '@wa-agent/core'
import { createServer } from '@wa-agent/server'
import { prometheusMetrics } from '@wa-agent/server/metrics'

/** A bot whose metrics Prometheus reads at `GET /metrics`, with the admin key as its bearer token. */
export function measuredBot(options: BotOptions, adminKey: string) {
  const metrics = prometheusMetrics()
  const bot = createBot({ ...options, telemetry: { meterProvider: metrics.meterProvider } })
  const server = createServer({ bot, transports: options.transports, adminKey, metrics })
  return { bot, server }
}
// #endregion
