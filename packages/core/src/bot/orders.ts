import type { OptOut, OptOutOrder } from '../opt-out.ts'
import type { Flags, StoredMessage } from '../storage.ts'

/** What a turn's messages ask for, beside what an agent can answer. */
export interface Sorted {
  /** The customer's messages that an agent may answer. */
  readonly forAgents: readonly StoredMessage[]
  /** The last order of the turn that changed something. */
  readonly order: OptOutOrder | undefined
}

/**
 * Takes out what no agent answers: the owner's own messages, STOP and START, and all that a customer who has opted out
 * writes. START means something only after a STOP; before one it is a greeting like any other.
 */
export function sortMessages(
  messages: readonly StoredMessage[],
  { flags, optOut }: { readonly flags: Flags; readonly optOut: OptOut },
): Sorted {
  let order: OptOutOrder | undefined
  let silent = flags.optedOut
  let forAgents: StoredMessage[] = []
  for (const stored of messages) {
    if (stored.message.fromMe) continue
    const wanted = optOut.orderOf(stored.message)
    if (wanted === 'stop') {
      order = 'stop'
      silent = true
      forAgents = []
    } else if (wanted === 'start' && silent) {
      order = 'start'
      silent = false
    } else if (!silent) {
      forAgents.push(stored)
    }
  }
  return { forAgents, order }
}
