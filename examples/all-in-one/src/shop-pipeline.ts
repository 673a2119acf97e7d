import type { Logger, Middleware, Pipeline } from '@wa-agent/core'
import { createPipeline } from '@wa-agent/core'
import { openaiModel } from '@wa-agent/core/openai'
import { shopFallback, shopPlugin } from '@wa-agent-examples/agents'
import type { Settings } from './settings.ts'

/** What the shop's pipeline is made from. */
export interface ShopPipelineOptions {
  readonly settings: Settings
  /** The SQLite file of the orders. */
  readonly orders: string
  readonly logger: Logger
  readonly middleware?: readonly Middleware[]
}

/** The shop's agents; with a key or a server of a model, the model classifies and writes what they leave open. */
export function shopPipeline({ settings, orders, logger, middleware = [] }: ShopPipelineOptions): Pipeline {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: model } = settings
  const usesModel = apiKey !== undefined || baseURL !== undefined
  return createPipeline({
    plugins: [shopPlugin({ orders })],
    fallback: shopFallback,
    middleware,
    logger,
    ...(usesModel
      ? {
          model: openaiModel({
            ...(apiKey ? { apiKey } : {}),
            ...(baseURL ? { baseURL } : {}),
            ...(model ? { model } : {}),
            logger,
          }),
        }
      : {}),
  })
}
