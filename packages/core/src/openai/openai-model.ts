import type { ZodType } from 'zod'
import type { GenerateOptions, Model, ModelRequest, ModelResponse, ModelUsage } from '../model.ts'
import { withoutThoughts } from './answer-text.ts'
import type { ChatAnswer, ChatMessage } from './chat-api.ts'
import { type AskChat, chatCaller } from './chat-caller.ts'
import { type DataShape, dataShape, readData } from './data-shape.ts'
import { modelFailed } from './openai-errors.ts'
import { type OpenaiModelOptions, resolveOptions, type Settings } from './options.ts'
import { addUsage } from './prices.ts'
import { askWithTools } from './tool-loop.ts'

const nothing: ModelUsage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/**
 * A model behind OpenAI's Chat Completions, or any server that speaks them. The package `openai` is loaded with the
 * first `generate`. What a server refuses (a JSON mode, a parameter) is learnt once and left out from then on. An answer
 * without a `usage` counts as 0 tokens, and so does an attempt that timed out: what it cost is not known.
 */
export function openaiModel(options: OpenaiModelOptions = {}): Model {
  const settings = resolveOptions(options)
  const ask = chatCaller(settings)
  const shapes = new WeakMap<ZodType, DataShape>()
  const shapeOf = (output: ZodType): DataShape => {
    const shape = shapes.get(output) ?? dataShape(output)
    shapes.set(output, shape)
    return shape
  }
  return {
    name: settings.model,
    async generate(request, generateOptions) {
      const shape = request.output && shapeOf(request.output)
      const response = await generate({ request, shape, settings, ask }, generateOptions)
      // The output was checked against `request.output`.
      return response as ModelResponse<never>
    },
  }
}

interface Generation {
  readonly request: ModelRequest
  readonly shape: DataShape | undefined
  readonly settings: Settings
  readonly ask: AskChat
}

async function generate(generation: Generation, options: GenerateOptions): Promise<ModelResponse> {
  const { request, shape, settings } = generation
  let usage = nothing
  const metered: GenerateOptions = {
    signal: options.signal,
    onUsage(spent) {
      usage = addUsage(usage, spent)
      options.onUsage?.(spent)
    },
  }
  const ask = (messages: readonly ChatMessage[], toolChoice: 'auto' | 'none') =>
    generation.ask({ request, shape, messages, toolChoice }, metered)

  const conversation = request.messages.map(({ role, text }): ChatMessage => ({ role, content: text }))
  const { answer, messages, toolCalls } = await askWithTools(conversation, {
    tools: request.tools ?? [],
    maxRounds: request.maxToolRounds ?? 5,
    signal: options.signal,
    logger: settings.logger,
    ask,
  })
  const text = usableText(answer, settings)
  if (!shape) return { text, output: undefined, usage, toolCalls }

  const first = await readData(text, shape)
  if (first.ok) return { text, output: first.data, usage, toolCalls }
  failIfCut(answer, settings)
  settings.logger.warn({ model: settings.model, problem: first.forPeople }, 'model is asked to repair its output')
  const repaired = await ask([...messages, ...repairMessages(text, first.forModel)], 'none')
  const repairedText = usableText(repaired, settings)
  const second = await readData(repairedText, shape)
  if (second.ok) return { text: repairedText, output: second.data, usage, toolCalls }
  failIfCut(repaired, settings)
  throw modelFailed(
    settings.model,
    `twice gave data that does not fit \`output\` (${second.forPeople}). Simplify the schema, or describe its fields.`,
  )
}

function repairMessages(text: string, problem: string): readonly ChatMessage[] {
  const correction = `Your answer does not fit the schema:\n${problem}\nAnswer again with the corrected JSON and nothing else.`
  return [
    { role: 'assistant', content: text },
    { role: 'user', content: correction },
  ]
}

/** What may be shown to a customer; throws `model_failed` where there is nothing of the kind. */
function usableText(answer: ChatAnswer, { model, logger }: Settings): string {
  if (answer.refused)
    throw modelFailed(model, 'refused to answer. Look at the instructions, or answer without a model.')
  if (answer.finishReason === 'content_filter') {
    throw modelFailed(model, "had its answer withheld by the server's content filter. Answer without a model.")
  }
  const text = withoutThoughts(answer.content)
  if (text === '') throw modelFailed(model, `gave an empty answer: ${emptyReason(answer)}`)
  if (answer.finishReason === 'length') logger.warn({ model }, 'model answer was cut at its longest')
  return text
}

function emptyReason({ finishReason, toolCalls }: ChatAnswer): string {
  if (finishReason === 'length') return 'all its tokens went into thoughts. Raise `maxOutputTokens`.'
  if (toolCalls.length > 0) return 'it went on calling tools. Raise `maxToolRounds`.'
  return 'there was no text in it. Look at the instructions.'
}

function failIfCut({ finishReason }: ChatAnswer, { model }: Settings): void {
  if (finishReason !== 'length') return
  throw modelFailed(model, 'had its data cut off at its longest. Raise `maxOutputTokens`, or ask for less.')
}
