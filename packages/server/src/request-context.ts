import type { ConversationKey, Transport } from '@wa-agent/core'
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Principal } from './api-keys.ts'
import { type BodyBudget, readWebBody } from './body.ts'
import type { Settings } from './options.ts'
import { notFound, Problem } from './problem.ts'

/** What a request carries on its way. */
export interface RequestEnvironment {
  readonly Bindings: { readonly address?: string | undefined }
  readonly Variables: { requestId: string; startedAtMs: number; principal: Principal }
}
/** A request on its way. */
export type RequestContext = Context<RequestEnvironment>

/** Answers a request that was authenticated. */
export type Handler = (context: RequestContext) => Promise<Response>

/** Answers by method. */
export type Methods = Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler>>

/** What the routes work with. */
export interface Deps {
  readonly settings: Settings
  readonly budget: BodyBudget
}

/**
 * The tenant that a request is about. A tenant's key is about its own tenant, whatever it asks for: another's looks as if it
 * were not there. `undefined`: an admin asks for all.
 */
export function tenantOf(context: RequestContext, asked: string | undefined): string | undefined {
  const { scope } = context.get('principal')
  if (scope.type === 'admin') return asked
  if (asked !== undefined && asked !== scope.tenant) throw notFound()
  return scope.tenant
}

/** Rejects what only an admin may do. */
export function adminOnly(context: RequestContext): void {
  if (context.get('principal').scope.type === 'admin') return
  throw new Problem(403, 'forbidden', { detail: 'Only an admin key may do this.' })
}

/** The transport of a channel that the request may see; a 404 for every other. */
export function channelOf(
  context: RequestContext,
  settings: Settings,
  asked: Pick<ConversationKey, 'channel'> & { readonly tenant?: string | undefined },
): Transport {
  const tenant = tenantOf(context, asked.tenant) ?? 'default'
  const found = settings.transports.find((one) => one.tenant === tenant && one.channel === asked.channel)
  if (!found) throw notFound()
  return found
}

/** Reads a JSON body that fits the schema. Rejects with a `Problem` that names the field. */
export async function readJson<Schema extends z.ZodType>(
  context: RequestContext,
  { settings, budget }: Deps,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { raw } = context.req
  if (!/^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i.test(raw.headers.get('content-type') ?? ''))
    throw new Problem(415, 'unsupported-media-type', { detail: 'Expected content-type application/json.' })
  const bytes = await readWebBody(raw, { maxBytes: settings.maxBodyBytes, budget })
  try {
    return check(schema, parse(bytes))
  } finally {
    budget.giveBack(bytes.byteLength)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes), refusePrototype)
  } catch (cause) {
    throw unreadable('Expected JSON in UTF-8.', cause)
  }
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a key that names a prototype')
  return value
}

/** What fits the schema. Throws a `Problem` that names the field. */
export function check<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  let result: z.ZodSafeParseResult<z.output<Schema>>
  try {
    result = schema.safeParse(input)
  } catch (cause) {
    // Nested deeper than the stack is.
    throw unreadable('Expected JSON that is less deep.', cause)
  }
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue?.path.join('.') || 'the body'
  throw new Problem(400, 'bad-request', {
    detail: `Expected a valid "${where.slice(0, 100)}": ${issue?.message}.`,
    cause: result.error,
  })
}

function unreadable(detail: string, cause: unknown): Problem {
  return new Problem(400, 'bad-request', { detail, cause })
}
