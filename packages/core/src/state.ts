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
  const parsed = stateSchema.safeParse(stored)
  if (parsed.success) return parsed.data as ConversationState
  onWarning('the stored state of the conversation is broken and was reset')
  return emptyState
}
