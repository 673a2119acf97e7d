import type { OptOutOrder } from '../opt-out.ts'
import type { StoredMessage } from '../storage.ts'

/** What a turn's messages ask for, beside what an agent can answer. */
export interface Sorted {
  /** The customer's messages that an agent may answer. */
  readonly forAgents: readonly StoredMessage[]
  /** The last STOP or START that changed something; it took effect when it came in. */
  readonly order: OptOutOrder | undefined
}

/**
 * Takes out what no agent answers: the owner's own messages, what no person wrote, STOP and START where they changed something,
 * and all that was written between the two. A START without a STOP before it is a greeting like any other. `optedOut`: as it
 * is now.
 */
export function sortMessages(messages: readonly StoredMessage[], optedOut: boolean): Sorted {
  const first = messages.find(({ control }) => control?.optOut !== undefined)
  // Before an order that changed something it was the other way round.
  let isSilent = first?.control?.optOut === undefined ? optedOut : !first.control.optOut
  let order: OptOutOrder | undefined
  let forAgents: StoredMessage[] = []
  for (const stored of messages) {
    const optOut = stored.control?.optOut
    if (stored.message.fromMe || stored.message.automated) continue
    if (optOut !== undefined) {
      order = optOut ? 'stop' : 'start'
      isSilent = optOut
      if (optOut) forAgents = []
    } else if (!isSilent) forAgents.push(stored)
  }
  return { forAgents, order }
}
