import { parseRetryAfterMs } from '@wa-agent/core'
import type { z } from 'zod'
import { problemSchema } from './wire.ts'

/**
 * How a call of the cloud ended.
 * - `away`: nobody answered, or not as the cloud does.
 * - `waiting`: it has the message and no answer yet.
 * - `busy`: it was asked too often.
 * - `refused`: the key, the tenant or the channel is not known there.
 * - `superseded`: another desktop has the channel. `session-unknown`: it wants this one to register again.
 * - `rejected`: the request itself is wrong, and will be every time.
 */
export type Outcome<Body> =
  | { readonly kind: 'done'; readonly body: Body }
  | {
      readonly kind: 'away' | 'waiting' | 'busy' | 'refused' | 'superseded' | 'session-unknown' | 'rejected'
      readonly reason: string
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    }

/** An outcome that is no success. */
export type Failure = Exclude<Outcome<unknown>, { readonly kind: 'done' }>

/** What a response means. Reads its body. */
export async function outcomeOf<Schema extends z.ZodType>(
  response: Response,
  schema: Schema,
  nowMs: number,
): Promise<Outcome<z.output<Schema>>> {
  const body = parseJson(await response.text())
  const { status } = response
  if (response.ok) {
    const parsed = schema.safeParse(body)
    if (parsed.success) return { kind: 'done', body: parsed.data }
    return { kind: 'away', reason: `what answered with status ${status} is not the cloud`, cause: parsed.error }
  }
  const retryAfterMs = parseRetryAfterMs(response.headers, nowMs)
  const problem = problemSchema.safeParse(body)
  return { ...failureOf(status, problem.data), retryAfterMs }
}

function failureOf(status: number, problem: z.output<typeof problemSchema> | undefined): Failure {
  const name = problem?.type.split(':').at(-1)
  const reason = problem ? `status ${status}: ${problem.detail}` : `status ${status}`
  if (name === 'superseded' || name === 'session-unknown') return { kind: name, reason }
  if (name === 'timeout' && status === 504) return { kind: 'waiting', reason }
  // Ours forbids one thing, e.g. files. Anybody else's forbids everything.
  if (name === 'forbidden') return { kind: 'rejected', reason }
  if (status === 429) return { kind: 'busy', reason }
  if (status === 401 || status === 403 || status === 404) return { kind: 'refused', reason }
  // Without a problem it is of something in between, which may be gone tomorrow.
  return { kind: problem && status < 500 ? 'rejected' : 'away', reason }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
