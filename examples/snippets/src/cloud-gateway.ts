// #region gateway
import { join } from 'node:path'
import { createBot, createPipeline, type Model } from '@wa-agent/core'
import { chatTransport, createServer } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { cloudApiTransport } from '@wa-agent/transport-cloud-api'
import { shopFallback, shopPlugin } from '@wa-agent-examples/agents'

export interface GatewayOptions {
  readonly meta: {
    readonly phoneNumberId: string
    readonly accessToken: string
    readonly appSecret: string
    readonly verifyToken: string
    /** Default: Meta's. */
    readonly baseUrl?: string
  }
  readonly adminKey: string
  /** Where the databases are. */
  readonly folder: string
  /** E.g. `openaiModelFromEnv()`. */
  readonly model?: Model | undefined
}

/** Meta's webhooks in, agents, and the replies out: one number in one process. */
export function createGateway({ meta, adminKey, folder, model }: GatewayOptions) {
  const whatsApp = cloudApiTransport({
    ...meta,
    // Approved by Meta beforehand; it goes out in place of a reply that comes too late.
    windowTemplate: { name: 'we_have_an_answer', language: 'en' },
  })
  const transports = [whatsApp, chatTransport()]
  const bot = createBot({
    transports,
    storage: sqliteStorage({ path: join(folder, 'bot.db') }),
    pipeline: createPipeline({
      plugins: [shopPlugin({ orders: join(folder, 'orders.db') })],
      fallback: shopFallback,
      model,
    }),
    concurrency: 10, // conversations at once
    retry: { maxAttempts: 5, baseMs: 2000 }, // after 2 s, 4 s, 8 s, 16 s; then it is a dead letter
    fallbackText: 'Something went wrong here. A person will look after it.',
  })
  const server = createServer({
    bot,
    transports,
    adminKey,
    trustedProxies: 1, // the one that has the certificate
    limits: { channel: { requests: 1000, perMs: 1000 } },
  })
  return { bot, server }
}
// #endregion

// #region run
/** Serves until SIGTERM. What was accepted by then is finished, or kept for the next start. */
export async function runGateway(options: GatewayOptions, port: number): Promise<void> {
  const { bot, server } = createGateway(options)
  await bot.start()
  try {
    await server.start({ port, host: '0.0.0.0' })
    await new Promise((resolve) => process.once('SIGTERM', resolve))
    await server.stop()
  } finally {
    await bot.stop()
  }
}
// #endregion
