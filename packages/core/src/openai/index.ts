// Commonly used

// For those who write such options
export type { OpenaiClient, ReasoningEffort } from './chat-api.ts'
export { openaiModelFromEnv } from './from-env.ts'
export { openaiModel } from './openai-model.ts'
export type { OpenaiModelOptions } from './options.ts'
export type { ModelPrices } from './prices.ts'
