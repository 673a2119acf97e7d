import { z } from 'zod'
import { WaAgentError } from './errors.ts'
import { inboundMessageSchema } from './message.ts'

const types = inboundMessageSchema.options.map((option) => option.shape.type.value)

const intentSchema = z.object({
  description: z.string().optional(),
  examples: z.array(z.string()).optional(),
  rules: z.array(z.union([z.string(), z.instanceof(RegExp)], 'expected a string or a regular expression')).optional(),
  types: z.array(z.enum(types)).optional(),
  endsHandoff: z.boolean().optional(),
  entities: z.custom(isObjectSchema, 'expected z.object({ ... })').optional(),
})

/** Throws `invalid_options` that names the agent, the intent and the place of the first thing that is wrong. */
export function checkIntents(agent: string, intents: object): void {
  for (const [name, definition] of Object.entries(intents)) {
    const issue = intentSchema.safeParse(definition).error?.issues[0]
    if (issue === undefined) continue
    const place = ['intents', name, ...issue.path].join('.')
    throw new WaAgentError(
      'invalid_options',
      `[defineAgent] \`${place}\` of agent "${agent}" is wrong: ${issue.message}.`,
    )
  }
}

/** Not by its class: there may be two copies of Zod. */
function isObjectSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'shape' in value && 'safeParse' in value
}
