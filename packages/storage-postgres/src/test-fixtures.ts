import type { Claim, ClaimRequest, ConversationKey, NewMessage, NewReply, Storage } from '@wa-agent/core'

/** When the tests take place. */
export const start = 1_800_000_000_000
/** The day whose usage is asked for. */
export const usageDay = '2027-01-15'

/** A conversation of tenant `acme`. */
export function keyOf(chat: string, tenant = 'acme'): ConversationKey {
  return { tenant, channel: 'main', chat }
}

/** A text message on its way in, due at once. */
export function incoming(id: string, chat = 'ana@c.us', tenant = 'acme'): NewMessage {
  return {
    tenant,
    channel: 'main',
    receivedAtMs: start,
    settleAtMs: start,
    dueByMs: start,
    message: {
      type: 'text',
      id,
      chat,
      from: { id: chat, aliases: [] },
      fromMe: false,
      isGroup: false,
      sentAtMs: start,
      text: `text of ${id}`,
    },
  }
}

/** A reply to a message, due at once. */
export function replyTo(id: string): NewReply {
  const message = { type: 'text', text: `answer to ${id}` } as const
  return { id: `re:${id}`, kind: 'reply', message, inReplyTo: [id], notBeforeMs: start }
}

/** Claims as a worker would. */
export function claim(storage: Storage, request: Partial<ClaimRequest> = {}): Promise<readonly Claim[]> {
  const defaults = { owner: 'worker', nowMs: start, leaseMs: 30_000, limit: 100, maxMessages: 20, historyLimit: 0 }
  return storage.claim({ ...defaults, usageDay, ...request })
}

/** Answers every message of a claim, sends the answers and gives the lease back. */
export async function answer(storage: Storage, { lease, messages }: Claim, nowMs = start): Promise<string[]> {
  const ids = messages.map(({ message }) => message.id)
  await storage.commit(lease, { nowMs, done: messages.map(({ seq }) => seq), replies: ids.map(replyTo) })
  for (const id of ids) {
    await storage.commit(lease, { nowMs, sending: `re:${id}` })
    await storage.settle(
      { conversation: lease.conversation, id: `re:${id}` },
      { status: 'sent', providerId: `p:${id}` },
    )
  }
  await storage.release(lease)
  return ids
}
