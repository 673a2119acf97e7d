import assert from 'node:assert/strict'
import type {
  Claim,
  ClaimRequest,
  ConversationKey,
  ErrorCode,
  Flags,
  InboundMessage,
  Lease,
  NewMessage,
  NewReply,
  Storage,
} from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'

/** When the cases take place. Everything that a case passes is later than this, but for what is compared with the machine's clock. */
export const start = 1_800_000_000_000
export const usageDay = '2027-01-15'

type Text = Extract<InboundMessage, { type: 'text' }>

/** A conversation of tenant `acme`. */
export function keyOf(chat: string, channel: Partial<ConversationKey> = {}): ConversationKey {
  return { tenant: 'acme', channel: 'main', ...channel, chat }
}

/** A text message of the person who is the chat. */
export function textMessage(id: string, fields: Partial<Text> = {}): Text {
  const chat = fields.chat ?? 'ana@c.us'
  return {
    type: 'text',
    id,
    chat,
    from: { id: chat, aliases: [] },
    fromMe: false,
    isGroup: false,
    sentAtMs: start,
    text: `text of ${id}`,
    ...fields,
  }
}

/** A text message on its way in, due at once. */
export function incoming(
  id: string,
  fields: Partial<Text> = {},
  envelope: Partial<Omit<NewMessage, 'message'>> = {},
): NewMessage {
  const times = { receivedAtMs: start, settleAtMs: start, dueByMs: start }
  return { tenant: 'acme', channel: 'main', ...times, ...envelope, message: textMessage(id, fields) }
}

/** A text reply, due at once. */
export function replyOf(id: string, fields: Partial<NewReply> = {}): NewReply {
  const message = { type: 'text', text: `text of ${id}` } as const
  return { id, kind: 'reply', message, inReplyTo: [], notBeforeMs: start, ...fields }
}

/** Claims as a worker would. */
export function claimAll(storage: Storage, request: Partial<ClaimRequest> = {}): Promise<readonly Claim[]> {
  return storage.claim({
    owner: 'worker',
    nowMs: start,
    leaseMs: 30_000,
    limit: 100,
    maxMessages: 20,
    historyLimit: 0,
    usageDay,
    ...request,
  })
}

/** Claims exactly one conversation. */
export async function claimOne(storage: Storage, request: Partial<ClaimRequest> = {}): Promise<Claim> {
  const claims = await claimAll(storage, request)
  const [claim] = claims
  assert.ok(claim && claims.length === 1, `expected one conversation to claim, got ${claims.length}`)
  return claim
}

/** Claims one conversation, answers everything in it with `replies`, and keeps the lease. */
export async function answer(
  storage: Storage,
  replies: readonly NewReply[],
  request: Partial<ClaimRequest> = {},
): Promise<Lease> {
  const { lease, messages } = await claimOne(storage, request)
  await storage.commit(lease, { nowMs: request.nowMs ?? start, done: messages.map(({ seq }) => seq), replies })
  return lease
}

/** Answers one message so that its conversation has one reply in the outbox and no lease. */
export async function enqueued(storage: Storage, id: string, chat = 'ana@c.us'): Promise<ConversationKey> {
  return storage.enqueue(keyOf(chat), [replyOf(id)])
}

/** What orders have made of a conversation. */
export const ordersOf = ({ lastInboundAtMs: _, ...orders }: Flags) => orders
/** The ids of the messages of a claim, in order. */
export const messageIds = (claim: Claim): string[] => claim.messages.map(({ message }) => message.id)
/** The ids of the replies of a claim, in order. */
export const replyIds = (claim: Claim): string[] => claim.replies.map(({ id }) => id)

/** Expects a rejection with a `WaAgentError` of this code. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof Error, `expected an error with code ${code}`)
    assert.equal('code' in error ? error.code : error.message, code)
    return true
  })
}

/** A case about one open storage, which is closed afterwards. */
export function storageCase(name: string, check: (storage: Storage) => Promise<void>): ConformanceCase<Storage> {
  return {
    name,
    async run(create) {
      const storage = await create()
      await storage.open()
      try {
        await check(storage)
      } finally {
        await storage.close()
      }
    },
  }
}
