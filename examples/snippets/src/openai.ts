import { createPipeline, type Pipeline } from '@wa-agent/core'
import { openaiModel, openaiModelFromEnv } from '@wa-agent/core/openai'
import { catalogue } from './model-agent.ts'

// #region pipeline
export const pipelineWithModel = (apiKey: string): Pipeline =>
  createPipeline({
    agents: [catalogue],
    model: openaiModel({ apiKey }),
    // When either is reached, the cascade and the agents go on without the model until the next day (UTC).
    budget: { tokensPerDay: 2_000_000, costUsdPerDay: 5 },
  })
// #endregion

// #region compatible
export const localModel = () =>
  openaiModel({ baseURL: 'http://localhost:11434/v1', model: 'llama3.2', timeoutMs: 60_000 })
// #endregion

// #region environment
/** With OPENAI_API_KEY or OPENAI_BASE_URL in the environment there is a model, otherwise the bot works without one. */
export const pipelineFromEnv = (): Pipeline => createPipeline({ agents: [catalogue], model: openaiModelFromEnv() })
// #endregion
