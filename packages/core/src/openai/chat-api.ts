import { z } from 'zod'
import type { JsonSchema } from './strict-schema.ts'

/**
 * The part of Chat Completions that is used, kept to what compatible servers know.
 * Source: https://developers.openai.com/api/reference/resources/chat
 */
export interface ChatRequest {
  readonly model: string
  // Arrays are not readonly here, because those of the `openai` package are not.
  readonly messages: ChatMessage[]
  readonly tools?: ChatTool[]
  readonly tool_choice?: 'auto' | 'none'
  readonly response_format?: ResponseFormat
  readonly reasoning_effort?: ReasoningEffort
  readonly temperature?: number
  readonly max_completion_tokens?: number
  readonly max_tokens?: number
}

/** How long a model thinks before it answers; which words a model knows differs from model to model. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** How JSON is asked for. */
export type ResponseFormat =
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema'
      readonly json_schema: { readonly name: string; readonly strict: boolean; readonly schema: JsonSchema }
    }

/** A function as the server wants it described. */
export interface ChatTool {
  readonly type: 'function'
  readonly function: { readonly name: string; readonly description: string; readonly parameters: JsonSchema }
}

/** One line of the conversation on the wire. */
export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | AssistantMessage
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }

/** What the model said, as it goes back to the server in the next round. */
export interface AssistantMessage {
  readonly role: 'assistant'
  /** `null` beside calls of tools: some servers refuse an empty text. */
  readonly content: string | null
  readonly tool_calls?: WireToolCall[]
  /** Some servers (DeepSeek) refuse a tool's result unless the thoughts behind the call come back with it. */
  readonly reasoning_content?: string
}

/** A client of Chat Completions: one from the `openai` package, or anything that looks like it. */
export interface OpenaiClient {
  readonly chat: {
    readonly completions: {
      create(
        request: ChatRequest,
        options: { readonly signal: AbortSignal; readonly maxRetries: number; readonly timeout: number },
      ): PromiseLike<unknown>
    }
  }
}

/** What a call is billed for; zeros where the server does not say. */
export interface BilledTokens {
  readonly input: number
  readonly cachedInput: number
  readonly output: number
}

/** An answer in our words. */
export interface ChatAnswer {
  /** As it came, thoughts included. */
  readonly content: string
  readonly refused: boolean
  readonly finishReason: string
  readonly toolCalls: readonly ToolCall[]
  readonly message: AssistantMessage
  readonly tokens: BilledTokens
}

/** A call of a tool that the model asks for. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON, or what the model took for it. */
  readonly argumentsJson: string
}

const tokenCount = z.number().nonnegative().catch(0)

// Loose, because some servers (Gemini) add a signature that must come back with the result.
const wireToolCall = z.looseObject({
  // Servers without parallel calls leave it out or empty.
  id: z.string().catch(''),
  type: z.literal('function').catch('function'),
  function: z.looseObject({ name: z.string(), arguments: z.unknown().optional().transform(argumentsOf) }),
})
type WireToolCall = z.output<typeof wireToolCall>

// Mistral's thinking models answer in parts; those of type `text` are the answer.
const contentPart = z.looseObject({ type: z.string(), text: z.string().optional().catch(undefined) })

const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.union([z.string(), z.array(contentPart)]).nullish(),
          refusal: z.string().nullish(),
          reasoning_content: z.string().nullish().catch(null),
          tool_calls: z.array(wireToolCall).nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: tokenCount,
      completion_tokens: tokenCount,
      prompt_tokens_details: z.object({ cached_tokens: tokenCount }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
})

/** Reads what the server sent, or `undefined` where that is no chat completion. */
export function readCompletion(body: unknown): ChatAnswer | undefined {
  const parsed = completion.safeParse(body)
  const choice = parsed.data?.choices[0]
  if (!parsed.success || choice === undefined) return undefined
  const { message } = choice
  const content = textOf(message.content)
  const wireCalls = (message.tool_calls ?? []).map((call, index) => ({ ...call, id: call.id || `call_${index}` }))
  const { usage } = parsed.data
  return {
    content,
    refused: Boolean(message.refusal),
    finishReason: choice.finish_reason ?? 'stop',
    toolCalls: wireCalls.map((call) => ({
      id: call.id,
      name: call.function.name,
      argumentsJson: call.function.arguments,
    })),
    message: {
      role: 'assistant',
      content: content || null,
      ...(wireCalls.length > 0 && { tool_calls: wireCalls }),
      ...(message.reasoning_content && { reasoning_content: message.reasoning_content }),
    },
    tokens: {
      input: usage?.prompt_tokens ?? 0,
      cachedInput: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage?.completion_tokens ?? 0,
    },
  }
}

function textOf(content: string | readonly z.output<typeof contentPart>[] | null | undefined): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : ''
  return content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('')
}

/** A string on the wire, though some servers send the object itself. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value.trim() === '' ? '{}' : value
  return JSON.stringify(value ?? {})
}
