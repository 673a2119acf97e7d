import type { Model } from '../model.ts'
import { openaiModel } from './openai-model.ts'
import type { OpenaiModelOptions } from './options.ts'

/**
 * The model that the environment describes: OPENAI_API_KEY, OPENAI_BASE_URL (a compatible server, which may need no key)
 * and OPENAI_MODEL. `undefined` where there is neither key nor address, so that a bot runs on without a model. What
 * `options` say counts more.
 */
export function openaiModelFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: OpenaiModelOptions = {},
): Model | undefined {
  const apiKey = env['OPENAI_API_KEY']?.trim()
  const baseURL = env['OPENAI_BASE_URL']?.trim()
  const model = env['OPENAI_MODEL']?.trim()
  if (!apiKey && !baseURL) return undefined
  return openaiModel({
    ...(apiKey && { apiKey }),
    ...(baseURL && { baseURL }),
    ...(model && { model }),
    ...options,
  })
}
