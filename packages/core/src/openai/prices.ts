import type { ModelUsage } from '../model.ts'
import type { BilledTokens } from './chat-api.ts'

/** What a model costs, in US dollars per million tokens. */
export interface ModelPrices {
  readonly inputPerMillionUsd: number
  readonly outputPerMillionUsd: number
  /** Input that the server had seen before and still remembers. Default: the price of other input. */
  readonly cachedInputPerMillionUsd?: number
}

/**
 * Standard prices for requests of up to 272,000 input tokens, without surcharges for cache writes, regions or fast
 * mode. Source: https://developers.openai.com/api/docs/pricing and its model pages, as quoted by third parties in
 * September to November 2026. OpenAI changes them often: whoever bills by them passes `prices`.
 */
const knownPrices: Readonly<Record<string, ModelPrices>> = {
  'gpt-6-luna': prices(0.1, 0.01, 0.5),
  'gpt-6-sol': prices(2, 0.2, 10),
  'gpt-6-astra': prices(10, 1, 50),
  'gpt-6.1-terra': prices(1, 0.05, 5),
  'gpt-6.1-sol': prices(2, 0.1, 10),
  'gpt-5.6-luna': prices(0.2, 0.02, 1.2),
  'gpt-5.6-terra': prices(2, 0.2, 12),
  'gpt-5.5': prices(5, 0.5, 30),
  'gpt-5.4': prices(2.5, 0.25, 15),
  'gpt-5.4-mini': prices(0.75, 0.075, 4.5),
  'gpt-5.4-nano': prices(0.2, 0.02, 1.25),
  'gpt-5-mini': prices(0.25, 0.025, 2),
  'gpt-4.1-mini': prices(0.4, 0.1, 1.6),
  'gpt-4o-mini': prices(0.15, 0.075, 0.6),
}

const free: ModelPrices = prices(0, 0, 0)

/** The prices of a model, also of its dated snapshots such as `gpt-5.4-mini-2026-03-17`; 0 where they are not known. */
export function pricesOf(model: string): ModelPrices {
  const name = model.replace(/-\d{4}-\d{2}-\d{2}$/, '')
  return Object.hasOwn(knownPrices, name) ? (knownPrices[name] ?? free) : free
}

/** Tokens and what they cost. */
export function usageOf(tokens: BilledTokens, price: ModelPrices): ModelUsage {
  const { inputPerMillionUsd, outputPerMillionUsd, cachedInputPerMillionUsd = inputPerMillionUsd } = price
  const cached = Math.min(tokens.cachedInput, tokens.input)
  const microUsd =
    (tokens.input - cached) * inputPerMillionUsd +
    cached * cachedInputPerMillionUsd +
    tokens.output * outputPerMillionUsd
  return { inputTokens: tokens.input, outputTokens: tokens.output, costUsd: microUsd / 1_000_000 }
}

/** The sum of several calls. */
export function addUsage(left: ModelUsage, right: ModelUsage): ModelUsage {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    costUsd: left.costUsd + right.costUsd,
  }
}

function prices(input: number, cachedInput: number, output: number): ModelPrices {
  return { inputPerMillionUsd: input, cachedInputPerMillionUsd: cachedInput, outputPerMillionUsd: output }
}
