import type { ModelRequest, Tool } from '../model.ts'
import type { ChatMessage, ChatRequest, ChatTool, ReasoningEffort, ResponseFormat } from './chat-api.ts'
import { type DataShape, toolShape } from './data-shape.ts'
import type { Settings } from './options.ts'
import type { ServerLimits } from './server-limits.ts'

/** One question to the server. */
export interface Question {
  readonly request: ModelRequest
  readonly shape: DataShape | undefined
  /** The conversation so far, without the instructions. */
  readonly messages: readonly ChatMessage[]
  readonly toolChoice: 'auto' | 'none'
}

/** What goes over the wire for a question, within what the server is known to accept. */
export function buildChatRequest(question: Question, settings: Settings, limits: ServerLimits): ChatRequest {
  const { request, shape, messages, toolChoice } = question
  const { maxOutputTokens, temperature } = settings
  const tools = (request.tools ?? []).map(chatTool)
  const mode = limits.jsonMode(request)
  const effort = reasoningEffort(tools.length > 0, settings, limits)
  return {
    model: settings.model,
    messages: [{ role: 'system', content: instructions(request.instructions, shape, mode) }, ...messages],
    ...(tools.length > 0 && { tools, tool_choice: toolChoice }),
    ...(shape && mode !== 'text' && { response_format: responseFormat(shape, mode) }),
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...(temperature !== undefined && !limits.refuses('temperature') && { temperature }),
    ...(maxOutputTokens !== undefined && {
      // The older word for servers that do not know the newer one, which is the only one that OpenAI's models take.
      [limits.refuses('max_completion_tokens') ? 'max_tokens' : 'max_completion_tokens']: maxOutputTokens,
    }),
  }
}

function reasoningEffort(hasTools: boolean, settings: Settings, limits: ServerLimits): ReasoningEffort | undefined {
  const chosen = limits.refuses('reasoning_effort') ? undefined : settings.reasoningEffort
  const effort = hasTools && limits.refuses('reasoning_with_tools') ? 'none' : chosen
  return effort === 'none' && limits.refuses('reasoning_none') ? undefined : effort
}

function chatTool(tool: Tool): ChatTool {
  const { name, description } = tool
  return { type: 'function', function: { name, description, parameters: toolShape(tool).schema } }
}

function responseFormat(shape: DataShape, mode: 'json_schema' | 'json_object'): ResponseFormat {
  if (mode === 'json_object') return { type: mode }
  const { schema, strictSchema } = shape
  const strict = strictSchema !== undefined
  return { type: mode, json_schema: { name: 'answer', strict, schema: strictSchema ?? schema } }
}

function instructions(text: string, shape: DataShape | undefined, mode: string): string {
  if (!shape || mode === 'json_schema') return text
  const schema = JSON.stringify(shape.schema)
  return `${text}\n\nAnswer with one JSON object that matches this JSON Schema, and with nothing else:\n${schema}`
}
