import type { ZodType, z } from 'zod'
import { WaAgentError } from './errors.ts'

/** One line of a conversation with a model. */
export interface ModelMessage {
  readonly role: 'user' | 'assistant'
  readonly text: string
}

/** A function that a model may call. Its result must be JSON. */
export interface Tool<Input extends ZodType = ZodType> {
  readonly name: string
  /** When to use it, for the model. */
  readonly description: string
  readonly input: Input
  run(input: z.output<Input>, options: { readonly signal: AbortSignal }): unknown
}

const toolNamePattern = /^[a-zA-Z0-9_-]{1,64}$/

/** Keeps the type of a tool's input; throws `invalid_options` for a name that models refuse. */
export function defineTool<Input extends ZodType>(tool: Tool<Input>): Tool<Input> {
  if (toolNamePattern.test(tool.name)) return tool
  throw new WaAgentError(
    'invalid_options',
    `Expected a tool name of 1-64 letters, digits, "_" or "-", got "${tool.name}". Rename the tool in defineTool().`,
  )
}

/** What a model is asked. */
export interface ModelRequest<Output extends ZodType = ZodType> {
  /** What it is for, in traces and metrics. */
  readonly purpose: 'classify' | 'respond'
  readonly instructions: string
  readonly messages: readonly ModelMessage[]
  /** Ask for data of this shape instead of text. */
  readonly output?: Output
  readonly tools?: readonly Tool[]
  /** How often the model may call tools before it must answer. Default 5. */
  readonly maxToolRounds?: number
}

/** What an answer has cost. */
export interface ModelUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** 0 where the model's price is not known. */
  readonly costUsd: number
}

/** What a model answered. */
export interface ModelResponse<Output = unknown> {
  readonly text: string
  /** The data, checked against `request.output`; absent where none was asked for. */
  readonly output: Output
  readonly usage: ModelUsage
  /** Which tools were called, in order. */
  readonly toolCalls: readonly string[]
}

/** How a call of a model is bounded and paid for. */
export interface GenerateOptions {
  /** Ends everything: the calls, the waits between them and the tools. Its reason is what `generate` rejects with. */
  readonly signal: AbortSignal
  /** Called with each billed call, also those of a `generate` that fails in the end: so that no cost is lost. */
  readonly onUsage?: (usage: ModelUsage) => void
}

/**
 * A language model. `generate` rejects with a `WaAgentError`: `model_rate_limited`, `model_timeout`, `model_unavailable`
 * (retryable), `model_failed` (an answer that cannot be used, or a refusal of the request).
 */
export interface Model {
  /** Which model it is, e.g. `gpt-6-luna`. */
  readonly name: string
  generate<Output extends ZodType>(
    request: ModelRequest<Output>,
    options: GenerateOptions,
  ): Promise<ModelResponse<z.output<Output>>>
}
