import { type Agent, definePlugin, type Plugin } from '@wa-agent/core'
import { betweenAgents } from './between.ts'
import { catalogueAgent } from './catalogue.ts'
import { faqAgent } from './faq.ts'
import { humanAgent } from './human.ts'
import { menuAgent } from './menu.ts'
import { orderStatusAgent } from './order-status.ts'
import { type OrderStore, sqliteOrderStore } from './order-store.ts'
import { ordersAgent } from './orders.ts'
import { isPostgresUrl, postgresOrderStore } from './postgres-order-store.ts'
import { parcelCorner, type ShopDetails } from './shop-details.ts'
import { smallTalkAgent } from './small-talk.ts'

/** What the shop's agents need. */
export interface ShopAgentsOptions {
  readonly store: OrderStore
  /** Default: the shop of the examples. */
  readonly shop?: ShopDetails | undefined
  /** How long the bot is silent after a handoff that nobody ends. Default 12 hours. */
  readonly handoffForMs?: number | undefined
}

/** The agents of the shop. Take the plugin where you can: it also does what lies between them. */
export function shopAgents({ store, shop = parcelCorner, handoffForMs }: ShopAgentsOptions): Agent[] {
  const basis = { store, shop }
  return [
    orderStatusAgent(basis),
    ordersAgent(basis),
    catalogueAgent(basis),
    faqAgent(basis),
    humanAgent({ handoffForMs }),
    smallTalkAgent(basis),
    menuAgent(),
  ]
}

/** What the shop plugin takes. */
export interface ShopPluginOptions extends Omit<ShopAgentsOptions, 'store'> {
  /**
   * The file of the orders, which may be the bot's own one, or `:memory:`; or, for several workers, the database of all of
   * them: `postgres://user:password@host:5432/database`; or a store, which stays yours to close.
   */
  readonly orders: string | OrderStore
}

/**
 * The shop assistant: its agents, what lies between them, and its order book, opened and closed with the pipeline.
 * Give `shopFallback` to the pipeline as well, for what none of them understands.
 */
export function shopPlugin({ orders, ...options }: ShopPluginOptions): Plugin {
  const store = typeof orders === 'string' ? storeAt(orders) : orders
  return definePlugin({
    name: 'shop',
    agents: shopAgents({ ...options, store }),
    middleware: [betweenAgents],
    async setup() {
      await store.open()
      return typeof orders === 'string' ? () => store.close() : undefined
    },
  })
}

function storeAt(place: string): OrderStore {
  return isPostgresUrl(place) ? postgresOrderStore({ url: place }) : sqliteOrderStore({ path: place })
}
