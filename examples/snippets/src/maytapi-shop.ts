// #region shops
import { join } from 'node:path'
import { createBot, createPipeline, type Model } from '@wa-agent/core'
import {
  type ApiKeys,
  chatTransport,
  createServer,
  loadTransports,
  pipelineByTenant,
  type TenantDirectory,
} from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { maytapiLimits, maytapiTransport } from '@wa-agent/transport-maytapi'
import { parcelCorner, shopFallback, shopPlugin } from '@wa-agent-examples/agents'
import { z } from 'zod'

export interface ShopsOptions {
  /** Which businesses there are: `staticTenants(...)`, or `sqliteDirectory(...).tenants`. */
  readonly tenants: TenantDirectory
  /** The keys of the businesses: `staticKeys(...)`, or `sqliteDirectory(...).keys`. */
  readonly keys: ApiKeys
  readonly adminKey: string
  /** Where the databases are. */
  readonly folder: string
  /** E.g. `openaiModelFromEnv()`. */
  readonly model?: Model | undefined
}

const credentialsSchema = z.object({
  productId: z.string(),
  phoneId: z.number(),
  apiKey: z.string(),
  webhookSecret: z.string(),
  baseUrl: z.url().default('https://api.maytapi.com'),
})

/** Sales assistants for several businesses, each with a number of its own at Maytapi. */
export async function createShops({ tenants, keys, adminKey, folder, model }: ShopsOptions) {
  const numbers = await loadTransports(tenants, {
    factories: {
      maytapi({ tenant, channel, credentials }, { timeZone }) {
        // Nothing is said unasked at night, and not too much of it by day: such numbers get blocked.
        const cold = { perDay: 200, quietHours: { from: '20:00', until: '09:00' }, timeZone }
        const limits = { ...maytapiLimits, cold }
        return maytapiTransport({ ...credentialsSchema.parse(credentials), tenant, channel, limits })
      },
    },
  })
  const businesses = await tenants.tenants()
  const pipelines = businesses.map(({ id, name, timeZone }) => {
    const shop = { ...parcelCorner, name, timeZone }
    const orders = join(folder, `orders-${id}.db`)
    return [id, createPipeline({ plugins: [shopPlugin({ shop, orders })], fallback: shopFallback, model })] as const
  })
  const transports = [...numbers, ...businesses.map(({ id }) => chatTransport({ tenant: id }))]
  const bot = createBot({
    transports,
    storage: sqliteStorage({ path: join(folder, 'bot.db') }),
    pipeline: pipelineByTenant({ tenants: Object.fromEntries(pipelines) }),
  })
  return { bot, server: createServer({ bot, transports, tenants, keys, adminKey, trustedProxies: 1 }) }
}
// #endregion
