import { dirname, join } from 'node:path'
import { createBot, createPipeline, type Logger } from '@wa-agent/core'
import { openaiModel } from '@wa-agent/core/openai'
import { chatTransport, createServer } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { makeFolderOf, shopFallback, shopPlugin } from '@wa-agent-examples/agents'
import { pino } from 'pino'
import { openDesktops } from './desktops.ts'
import { logEvents } from './log-events.ts'
import type { Settings } from './settings.ts'
import { createTransports } from './transports.ts'

/** Receives and answers until SIGTERM or Ctrl-C. Resolves when everything that was accepted is finished or kept. */
export async function runWorker(settings: Settings): Promise<void> {
  const logger = pino({ level: settings.LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const folder = dirname(settings.DATABASE)
  makeFolderOf(settings.DATABASE, 'DATABASE')
  const isChatOpen = settings.ADMIN_API_KEY !== undefined
  const desktops = settings.TRANSPORTS.includes('desktop') ? await openDesktops(folder, logger) : undefined
  const transports = [
    ...createTransports(settings),
    ...(desktops?.transports ?? []),
    ...(isChatOpen ? [chatTransport()] : []),
  ]
  const bot = createBot({
    transports,
    storage: sqliteStorage({ path: settings.DATABASE }),
    pipeline: createPipeline({
      plugins: [shopPlugin({ orders: join(folder, 'orders.db') })],
      fallback: shopFallback,
      logger,
      ...modelOf(settings, logger),
    }),
    logger,
  })
  const server = createServer({
    bot,
    transports,
    adminKey: settings.ADMIN_API_KEY ?? false,
    trustedProxies: settings.TRUSTED_PROXIES,
    logger,
    ...desktops?.serving,
  })
  logEvents(bot, logger)
  await bot.start()
  const ended = new Promise<void>((resolve) => {
    // Not `once`: Ctrl-C comes twice under npm, which passes on what the terminal has told everybody.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
  try {
    const { port } = await server.start({ port: settings.PORT, host: settings.HOST })
    logger.info({ port, transports: settings.TRANSPORTS, chat: isChatOpen }, 'the worker is ready')
    await ended
    logger.info({}, 'stopping: what is in work is finished, what is not is kept')
    await server.stop()
  } finally {
    await bot.stop()
    desktops?.close()
  }
}

function modelOf(settings: Settings, logger: Logger) {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: model } = settings
  if (apiKey === undefined && baseURL === undefined) return {}
  const options = { ...(apiKey ? { apiKey } : {}), ...(baseURL ? { baseURL } : {}), ...(model ? { model } : {}) }
  return { model: openaiModel({ ...options, logger }) }
}
