import type { Claim, ClaimRequest, ConversationKey, NewMessage, NewReply, Storage } from '@wa-agent/core'
import { expect, vi } from 'vitest'

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

/** So many messages go through `workThrough`. */
export const workCount = 300

/** One storage takes in, another answers, until everything is answered, once each, while `disturb` does its worst. */
export async function workThrough(
  make: () => Storage,
  { disturb, everySteps }: { readonly disturb: () => Promise<void>; readonly everySteps: number },
): Promise<void> {
  const storages = [make(), make()] as const
  await Promise.all(storages.map((storage) => storage.open()))
  const [ingest, worker] = storages
  const answered: string[] = []
  const state = { appended: 0, isDone: false }
  const append = async () => {
    const ids = Array.from({ length: workCount }, (_, index) => index)
    await Promise.all(
      Array.from({ length: 5 }, async (_, lane) => {
        for (const index of ids.filter((id) => id % 5 === lane)) {
          await retried(() => ingest.append([incoming(`m${index}`, `chat-${index % 10}`)]))
          state.appended += 1
        }
      }),
    )
  }
  const work = async () => {
    let nowMs = start
    while (answered.length < workCount) {
      // A lease that was lost with its claim ends after a while.
      nowMs += 1_000
      const claims = await retried(() => claim(worker, { nowMs, limit: 10 }))
      const done = await Promise.allSettled(claims.map((one) => answer(worker, one, nowMs)))
      for (const one of done) if (one.status === 'fulfilled') answered.push(...one.value)
    }
    state.isDone = true
  }
  const trouble = async () => {
    let next = everySteps
    while (!state.isDone) {
      // Something is done between two blows, or nothing would ever be.
      await vi.waitFor(() => expect(state.isDone || state.appended + answered.length >= next).toBe(true), 60_000)
      next = state.appended + answered.length + everySteps
      if (!state.isDone) await disturb()
    }
  }
  await Promise.all([append(), work(), trouble()])
  expect(new Set(answered).size).toBe(workCount)
  expect(answered).toHaveLength(workCount)
  expect(await worker.stats()).toMatchObject({ pendingMessages: 0, pendingReplies: 0, deadLetters: 0 })
  await Promise.all(storages.map((storage) => storage.close()))
}

/** As a bot does: what may succeed later is tried again. */
async function retried<Value>(run: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Error && 'retryable' in error && error.retryable)) throw error
    }
  }
}
