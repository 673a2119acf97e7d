import { WaAgentError } from '../errors.ts'
import type { OpenaiClient } from './chat-api.ts'
import type { Settings } from './options.ts'

/**
 * Gives the client, loading the `openai` package with the first one only: those who pass their own client, or never ask
 * a model, need neither its time nor its presence.
 */
export function lazyClient(settings: Settings): () => Promise<OpenaiClient> {
  let client: OpenaiClient | undefined = settings.client
  return async () => {
    client ??= await createClient(settings)
    return client
  }
}

async function createClient({ apiKey, baseURL, fetch }: Settings): Promise<OpenaiClient> {
  const { OpenAI } = await loadPackage()
  return new OpenAI({
    // Each setting that the package would otherwise read from the environment is stated. It wants a key even where none
    // is sent.
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL,
    logLevel: 'off',
    ...(fetch && { fetch }),
    ...(apiKey === undefined && { defaultHeaders: { Authorization: null } }),
  })
}

async function loadPackage(): Promise<typeof import('openai')> {
  try {
    return await import('openai')
  } catch (error) {
    throw packageMissing(error)
  }
}

function packageMissing(cause: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    '[openai] Expected the package "openai" to be installed, but it cannot be loaded. Run: npm install openai',
    { cause },
  )
}
