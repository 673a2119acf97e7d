// Commonly used

export type { ModelBasis } from './ask-model.ts'
// The agents one by one
export { betweenAgents } from './between.ts'
export { catalogueAgent } from './catalogue.ts'
export { fallbackAgent, shopFallback } from './fallback.ts'
export { faqAgent } from './faq.ts'
export { type HumanOptions, humanAgent } from './human.ts'
export { menuAgent } from './menu.ts'
export { orderStatusAgent } from './order-status.ts'
// Data
export {
  type Customer,
  type NewOrder,
  type Order,
  type OrderLine,
  type OrderStatus,
  type OrderStore,
  sqliteOrderStore,
} from './order-store.ts'
export { type PostgresOrderStoreOptions, postgresOrderStore } from './postgres-order-store.ts'
export { type OrdersOptions, ordersAgent } from './orders.ts'
export { type Product, products, type Variant } from './products.ts'
export { type ShopAgentsOptions, type ShopPluginOptions, shopAgents, shopPlugin } from './shop.ts'
export { parcelCorner, type ShopDetails } from './shop-details.ts'
export { smallTalkAgent } from './small-talk.ts'
// For whoever keeps files
export { makeFolderOf } from './make-folder.ts'
