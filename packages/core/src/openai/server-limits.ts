import type { ZodType } from 'zod'
import type { ModelRequest } from '../model.ts'
import type { ChatRequest } from './chat-api.ts'
import { statusFacts } from './openai-errors.ts'

/** Something that compatible servers, or single models, may refuse. `+tools`: together with tools only. */
export type Feature =
  | 'json_schema'
  | 'json_object'
  | 'json_schema+tools'
  | 'json_object+tools'
  | 'max_completion_tokens'
  | 'reasoning_effort'
  | 'reasoning_none'
  | 'reasoning_with_tools'
  | 'temperature'

/** What has been learnt about one server and model from its refusals, so that each is met once. */
export interface ServerLimits {
  refuses(feature: Feature): boolean
  /** How JSON may be asked for. */
  jsonMode(request: Pick<ModelRequest, 'output' | 'tools'>): 'json_schema' | 'json_object' | 'text'
  /** Learns from a refused request: what to leave out, or `undefined` where the refusal is about something else. */
  learn(error: unknown, refused: RefusedRequest): Feature | 'this schema' | undefined
}

/** What was sent, and the schema it came from. */
export interface RefusedRequest {
  readonly sent: ChatRequest
  readonly output: ZodType | undefined
}

/** Knows nothing at first. */
export function serverLimits(): ServerLimits {
  const refused = new Set<Feature>()
  const refusedSchemas = new WeakSet<ZodType>()
  return {
    refuses: (feature) => refused.has(feature),
    jsonMode({ output, tools }) {
      const suffix = tools && tools.length > 0 ? '+tools' : ''
      const isRefusedSchema = output !== undefined && refusedSchemas.has(output)
      if (!isRefusedSchema && !refused.has(`json_schema${suffix}`)) return 'json_schema'
      return refused.has(`json_object${suffix}`) ? 'text' : 'json_object'
    },
    learn(error, { sent, output }) {
      const facts = statusFacts(error)
      if (facts?.status !== 400 && facts?.status !== 422) return undefined
      // The parameter is named more reliably than it is described, where it is named.
      const feature = featureIn(facts.param ?? '', sent) ?? featureIn(facts.message, sent)
      if (feature === undefined) return undefined
      if (output && feature.startsWith('json_schema') && /invalid schema/i.test(facts.message)) {
        // The server knows schemas, this one is beyond it: others may go on.
        refusedSchemas.add(output)
        return 'this schema'
      }
      refused.add(feature)
      return feature
    },
  }
}

const aboutJson = /response_format|json_schema|json_object|json[ _-]?mode|structured output/i

function featureIn(text: string, sent: ChatRequest): Feature | undefined {
  const { response_format: format, tools } = sent
  if (format && aboutJson.test(text)) return tools ? `${format.type}+tools` : format.type
  if (/reasoning[_. ]?effort/i.test(text)) {
    if (sent.reasoning_effort === 'none') return 'reasoning_none'
    // Chat Completions of gpt-5.6 and later take tools only without reasoning, and reason unless told not to.
    if (tools) return 'reasoning_with_tools'
    if (sent.reasoning_effort !== undefined) return 'reasoning_effort'
  }
  if (sent.temperature !== undefined && /temperature/i.test(text)) return 'temperature'
  if (sent.max_completion_tokens !== undefined && /max_completion_tokens/i.test(text)) return 'max_completion_tokens'
  return undefined
}
