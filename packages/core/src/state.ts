import { z } from 'zod'
import { type ConversationState, emptyState } from './conversation.ts'

const stateSchema = z.object({
  sessions: z.record(z.string(), z.unknown()),
  floor: z.object({ agent: z.string(), keptAtMs: z.number(), interruptAt: z.number() }).optional(),
  choices: z
    .object({ agent: z.string(), options: z.array(z.object({ id: z.string(), title: z.string() })) })
    .optional(),
})

/** Stored state as far as it can be used: what is broken is dropped with a warning, a conversation never fails for it. */
export function loadState(stored: unknown, onWarning: (warning: string) => void): ConversationState {
  if (stored === undefined) return emptyState
  // What the last turn left needs no schema to be recognised; this is asked at every turn.
  if (hasOnlySessions(stored)) return stored
  const parsed = stateSchema.safeParse(stored)
  if (parsed.success) return parsed.data as ConversationState
  const broken = new Set(parsed.error.issues.map((issue) => issue.path[0]))
  onWarning(`the stored ${[...broken].join(', ') || 'state'} of the conversation does not fit and was reset`)
  const fitting = Object.entries(stored ?? {}).filter(([part]) => !broken.has(part))
  const rest = stateSchema.safeParse({ ...emptyState, ...Object.fromEntries(fitting) })
  return rest.success ? (rest.data as ConversationState) : emptyState
}

function hasOnlySessions(stored: unknown): stored is ConversationState {
  if (typeof stored !== 'object' || stored === null || !('sessions' in stored)) return false
  const { sessions } = stored
  const isRecord = typeof sessions === 'object' && sessions !== null && !Array.isArray(sessions)
  return isRecord && Object.keys(stored).length === 1
}

/** A copy that shares no list and no plain object with `value`. Others, such as dates, are not taken apart. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const copy: Record<string, unknown> = { ...value }
  for (const key of Object.keys(copy)) copy[key] = copyOf(copy[key])
  return copy
}
