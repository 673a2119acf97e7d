import { dirname, join } from 'node:path'
import { createPipeline, createWorker, type Logger } from '@wa-agent/core'
import { openaiModel } from '@wa-agent/core/openai'
import { chatTransport, createServer } from '@wa-agent/server'
import { prometheusMetrics } from '@wa-agent/server/metrics'
import { shopFallback, shopPlugin } from '@wa-agent-examples/agents'
import { openDesktops } from './desktops.ts'
import { logEvents } from './log-events.ts'
import { loggerOf } from './logging.ts'
import { type OpenQueue, openQueue } from './queue.ts'
import type { Settings } from './settings.ts'
import { startServer } from './start-server.ts'
import { openStorage } from './storage.ts'
import { createTransports } from './transports.ts'
import { untilStopped } from './until-stopped.ts'

/** Receives and answers until SIGTERM or Ctrl-C. Resolves when everything that was accepted is finished or kept. */
export async function run(settings: Settings): Promise<void> {
  const logger = loggerOf(settings)
  const opened = await openQueue(settings, logger)
  try {
    await serve(settings, logger, opened)
  } finally {
    // A connection that is left open would keep the process from ending.
    await opened.queue?.close()
  }
}

async function serve(settings: Settings, logger: Logger, { queue, ...ofQueue }: OpenQueue): Promise<void> {
  const folder = dirname(settings.DATABASE)
  const storage = await openStorage(settings, logger)
  const isChatOpen = settings.ADMIN_API_KEY !== undefined
  const desktops = settings.TRANSPORTS.includes('desktop') ? await openDesktops(folder, logger) : undefined
  const transports = [
    ...createTransports(settings),
    ...(desktops?.transports ?? []),
    ...(isChatOpen ? [chatTransport()] : []),
  ]
  const metrics = settings.METRICS ? prometheusMetrics() : undefined
  const telemetry = metrics && { meterProvider: metrics.meterProvider }
  const worker = createWorker({
    transports,
    storage,
    pipeline: createPipeline({
      plugins: [shopPlugin({ orders: settings.DATABASE_URL ?? join(folder, 'orders.db') })],
      fallback: shopFallback,
      logger,
      ...modelOf(settings, logger),
    }),
    concurrency: settings.WORKER_CONCURRENCY,
    logger,
    ...(queue && { queue }),
    ...(telemetry && { telemetry }),
  })
  const server = createServer({
    bot: worker,
    transports,
    adminKey: settings.ADMIN_API_KEY ?? false,
    trustedProxies: settings.TRUSTED_PROXIES,
    logger,
    ...ofQueue,
    ...desktops?.serving,
    ...(metrics && { metrics }),
  })
  logEvents(worker, logger)
  const stopped = untilStopped()
  try {
    await worker.start()
    const port = await startServer(server, settings)
    const { ROLE: role, QUEUE: by, TRANSPORTS: names } = settings
    logger.info({ port, role, queue: by, transports: names, chat: isChatOpen }, 'the worker is ready')
    if (!isChatOpen) logger.info({}, 'without ADMIN_API_KEY there is no /chat, no /api, no /queues and no /metrics')
    await stopped
    logger.info({}, 'stopping: what is in work is finished, what is not is kept')
    await server.stop()
  } finally {
    await worker.stop()
    desktops?.close()
  }
}

function modelOf(settings: Settings, logger: Logger) {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: model } = settings
  if (apiKey === undefined && baseURL === undefined) return {}
  const options = { ...(apiKey ? { apiKey } : {}), ...(baseURL ? { baseURL } : {}), ...(model ? { model } : {}) }
  return { model: openaiModel({ ...options, logger }) }
}
