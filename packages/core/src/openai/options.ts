import { type Clock, systemClock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { tracedLogger } from '../telemetry/traced-logger.ts'
import type { OpenaiClient, ReasoningEffort } from './chat-api.ts'
import { type ModelPrices, pricesOf } from './prices.ts'

/** How a model is reached and bounded. */
export interface OpenaiModelOptions {
  /** Required unless `baseURL` or `client` is given. Never read from the environment: see `openaiModelFromEnv`. */
  readonly apiKey?: string
  /**
   * Default `gpt-6-luna`: the small model that OpenAI recommends for short tasks in large numbers (gpt-5-mini ends in
   * December 2026, gpt-4o-mini and gpt-4.1-mini in January 2027).
   */
  readonly model?: string
  /** Any OpenAI-compatible server. Default `https://api.openai.com/v1`. Without `apiKey` no key is sent to it. */
  readonly baseURL?: string
  /** An existing client, e.g. `new OpenAI(...)` or `new AzureOpenAI(...)`, in place of key and address; never closed. */
  readonly client?: OpenaiClient
  /** How long one attempt may take. Default 30,000. The whole of it is bounded by the signal of `generate`. */
  readonly timeoutMs?: number
  /** How often a call is tried again after a failure that may pass. Default 2. The client's own retries are off. */
  readonly maxRetries?: number
  /** The longest wait between two attempts; where the server asks for more, the error says so. Default 20,000. */
  readonly maxRetryDelayMs?: number
  /** How long one answer may be, thoughts included. Default: as long as the server lets it. */
  readonly maxOutputTokens?: number
  /** 0-2. Default: the server's. Models that think refuse it: they are then asked without it. */
  readonly temperature?: number
  /**
   * How long the model thinks first. Default `none` for the default model, so that chat answers come at once; for other
   * models what the server chooses. Where tools need `none` (gpt-5.6 and later), tools are asked for with `none`.
   */
  readonly reasoningEffort?: ReasoningEffort
  /** Default: OpenAI's list prices for well-known models; others are counted as costing 0. */
  readonly prices?: ModelPrices
  /** Default: the global one. Not used with `client`. */
  readonly fetch?: typeof globalThis.fetch
  /** Default: the real time. */
  readonly clock?: Clock
  /** For the jitter of retries. Default `Math.random`. */
  readonly random?: () => number
  /** Default: silent. It gets names, numbers and error codes, never what was said. */
  readonly logger?: Logger
  /** When the server is left alone for a while. */
  readonly breaker?: {
    /** Failures in a row of the service itself, attempts counted. Default 5; `Infinity` switches it off. */
    readonly maxFailures?: number
    /** How long it is then left alone. Default 30,000. */
    readonly coolDownMs?: number
  }
}

/** The options with their defaults. */
export interface Settings {
  readonly apiKey: string | undefined
  readonly model: string
  readonly baseURL: string
  readonly client: OpenaiClient | undefined
  readonly timeoutMs: number
  readonly maxRetries: number
  readonly maxRetryDelayMs: number
  readonly maxOutputTokens: number | undefined
  readonly temperature: number | undefined
  readonly reasoningEffort: ReasoningEffort | undefined
  readonly prices: ModelPrices
  readonly fetch: typeof globalThis.fetch | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly breaker: { readonly maxFailures: number; readonly coolDownMs: number }
}

const defaultModel = 'gpt-6-luna'

/** Checks the options and fills in the defaults; throws `invalid_options`. */
export function resolveOptions(options: OpenaiModelOptions): Settings {
  const { apiKey, baseURL, client, model = defaultModel } = options
  if (!apiKey && !baseURL && !client) {
    throw new WaAgentError(
      'invalid_options',
      '[openai] Expected `apiKey`, `baseURL` or `client`, got none of them. Pass one of them to openaiModel(), or use openaiModelFromEnv().',
    )
  }
  const settings: Settings = {
    apiKey,
    model,
    baseURL: baseURL ?? 'https://api.openai.com/v1',
    client,
    timeoutMs: options.timeoutMs ?? 30_000,
    maxRetries: options.maxRetries ?? 2,
    maxRetryDelayMs: options.maxRetryDelayMs ?? 20_000,
    maxOutputTokens: options.maxOutputTokens,
    temperature: options.temperature,
    reasoningEffort: options.reasoningEffort ?? (model === defaultModel ? 'none' : undefined),
    prices: options.prices ?? pricesOf(model),
    fetch: options.fetch,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger: tracedLogger(options.logger),
    breaker: { maxFailures: options.breaker?.maxFailures ?? 5, coolDownMs: options.breaker?.coolDownMs ?? 30_000 },
  }
  checkSettings(settings)
  return settings
}

function checkSettings(settings: Settings): void {
  const { maxRetries, maxOutputTokens, temperature, breaker, prices } = settings
  // Neither value is repeated: the one is secret, the other may hold a password.
  expect(
    settings.apiKey === undefined || /^[!-~]+$/.test(settings.apiKey),
    '`apiKey` of visible ASCII characters',
    'another text',
  )
  expect(isHttpUrl(settings.baseURL), '`baseURL` like "https://host/v1"', 'another text')
  expect(settings.model.trim() !== '', '`model` with a name', 'an empty text')
  expect(settings.timeoutMs > 0, '`timeoutMs` above 0', settings.timeoutMs)
  expect(Number.isInteger(maxRetries) && maxRetries >= 0, '`maxRetries` of 0, 1, 2, ...', maxRetries)
  expect(settings.maxRetryDelayMs >= 0, '`maxRetryDelayMs` of 0 or more', settings.maxRetryDelayMs)
  expect(breaker.maxFailures >= 1, '`breaker.maxFailures` of 1 or more', breaker.maxFailures)
  expect(breaker.coolDownMs >= 0, '`breaker.coolDownMs` of 0 or more', breaker.coolDownMs)
  if (maxOutputTokens !== undefined) {
    expect(
      Number.isInteger(maxOutputTokens) && maxOutputTokens > 0,
      '`maxOutputTokens` of 1, 2, 3, ...',
      maxOutputTokens,
    )
  }
  if (temperature !== undefined) expect(temperature >= 0 && temperature <= 2, '`temperature` of 0 to 2', temperature)
  for (const price of Object.values(prices)) expect(price >= 0, '`prices` of 0 or more', price)
}

function expect(isMet: boolean, expected: string, got: string | number): void {
  if (isMet) return
  throw new WaAgentError('invalid_options', `[openai] Expected ${expected}, got ${got}. Correct it in openaiModel().`)
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
