import { createIngest, type Logger, type Queue } from '@wa-agent/core'
import { createServer } from '@wa-agent/server'
import { prometheusMetrics } from '@wa-agent/server/metrics'
import { loggerOf } from './logging.ts'
import { openQueue } from './queue.ts'
import type { Settings } from './settings.ts'
import { startServer } from './start-server.ts'
import { createTransports } from './transports.ts'
import { untilStopped } from './until-stopped.ts'

/** Receives until SIGTERM or Ctrl-C, and hands everything to the workers. */
export async function run(settings: Settings): Promise<void> {
  const logger = loggerOf(settings)
  const { queue } = await openQueue(settings, logger)
  try {
    await serve(settings, { logger, queue })
  } finally {
    // A connection that is left open would keep the process from ending.
    await queue?.close()
  }
}

interface Parts {
  readonly logger: Logger
  readonly queue: Queue | undefined
}

async function serve(settings: Settings, { logger, queue }: Parts): Promise<void> {
  // With both, nothing depends on what the queue remembers.
  const storage = queue && !settings.DATABASE_URL ? undefined : await storageOf(settings, logger)
  const metrics = settings.METRICS ? prometheusMetrics() : undefined
  const ingest = createIngest({
    transports: createTransports(settings),
    logger,
    ...(queue && { queue }),
    ...(storage && { storage }),
    ...(metrics && { telemetry: { meterProvider: metrics.meterProvider } }),
  })
  const server = createServer({
    ingest,
    transports: ingest.transports,
    adminKey: settings.ADMIN_API_KEY ?? false,
    trustedProxies: settings.TRUSTED_PROXIES,
    logger,
    ...(metrics && { metrics }),
  })
  const stopped = untilStopped()
  try {
    await ingest.start()
    const port = await startServer(server, settings)
    logger.info(
      { port, role: settings.ROLE, queue: settings.QUEUE, transports: settings.TRANSPORTS },
      'the ingest is ready',
    )
    await stopped
    logger.info({}, 'stopping: what was acknowledged is handed over')
    await server.stop()
  } finally {
    await ingest.stop()
  }
}

async function storageOf(settings: Settings, logger: Logger) {
  const { openStorage } = await import('./storage.ts')
  return openStorage(settings, logger)
}
