// #region pipeline
import { createPipeline } from '@wa-agent/core'
import { shopFallback, shopPlugin } from '@wa-agent-examples/agents'

const pipeline = createPipeline({ plugins: [shopPlugin({ orders: 'shop.db' })], fallback: shopFallback })

// #endregion

export { pipeline }
