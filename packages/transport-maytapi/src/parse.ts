import type { ConnectionState, DeliveryStatus, DeliveryUpdate, InboundMessageInput } from '@wa-agent/core'
import { plainReason } from '@wa-agent/transport-kit'
import { chatOf } from './addresses.ts'
import { parseMessage, plainWord } from './parse-message.ts'
import { acksOf, eventSchema, failureOf, liveEventOf, type MaytapiAck, type MaytapiEvent } from './payloads.ts'
import { millisecondsOf } from './time.ts'

/** An event in our words. */
export interface ParsedEvent {
  readonly messages: readonly InboundMessageInput[]
  readonly updates: readonly DeliveryUpdate[]
  /** Which echo belongs to which message that we sent: `rxid` is the id of the echo, `msgId` the answer of `sendMessage`. */
  readonly echoes: readonly { readonly rxid: string; readonly msgId: string }[]
  readonly connection?: { readonly state: ConnectionState; readonly reason: string }
  /** An agent of Maytapi's live chat has taken the conversation: that counts as the owner's hand. */
  readonly takeover?: InboundMessageInput
  /** They gave it back: the chat. */
  readonly released?: string
  /** The kinds of what is not for us, for a log line. */
  readonly ignored: readonly string[]
}

export interface ParseOptions {
  readonly nowMs: number
  readonly productId: string
  readonly phoneId: string
}

const nothing: ParsedEvent = { messages: [], updates: [], echoes: [], ignored: [] }

/** Parses one webhook; `undefined` where it is about another product or phone. What is not known is ignored, never an error. */
export function parseMaytapi(body: unknown, options: ParseOptions): ParsedEvent | undefined {
  const { success, data: event } = eventSchema.safeParse(body)
  if (!success) return { ...nothing, ignored: ['no object'] }
  if (isForeign(event, options)) return undefined
  switch (event.type) {
    case 'message': {
      const message = parseMessage(event, options.nowMs)
      return 'ignored' in message ? { ...nothing, ignored: [message.ignored] } : { ...nothing, messages: [message] }
    }
    case 'ack':
      return parseAcks(acksOf(event), options.nowMs)
    case 'status':
      return { ...nothing, ...connectionOf(event.status) }
    case 'error':
      return parseFailure(event, options.nowMs)
    case 'live_event':
      return parseLiveEvent(event, options.nowMs)
    default:
      return { ...nothing, ignored: [plainWord(event.type ?? 'unknown')] }
  }
}

function isForeign(event: MaytapiEvent, { productId, phoneId }: ParseOptions): boolean {
  // The same id has two or three spellings, and in an error the phone is only told inside.
  const product = event.product_id ?? event.productId ?? event.pid
  const phone = event.phone_id ?? event.phoneId ?? failureOf(event).phone_id
  return (product !== undefined && product !== productId) || (phone !== undefined && phone !== phoneId)
}

/**
 * `delivered` means that WhatsApp's servers have it, which is our `sent`; `reached` is our `delivered` (table of the callback
 * "Acknowledge Notifications" in Maytapi's OpenAPI description).
 */
const statuses: readonly (readonly [code: number, type: string, status: DeliveryStatus])[] = [
  [1, 'delivered', 'sent'],
  [2, 'reached', 'delivered'],
  [3, 'seen', 'read'],
  [4, 'played', 'read'],
]

function parseAcks(acks: readonly MaytapiAck[], nowMs: number): ParsedEvent {
  const messages: InboundMessageInput[] = []
  const updates: DeliveryUpdate[] = []
  const ignored: string[] = []
  for (const ack of acks) {
    const reaction = ack.reaction === undefined ? undefined : reactionOf(ack, nowMs)
    const status = statusOf(ack)
    if (ack.options) ignored.push('poll vote')
    else if (reaction) messages.push(reaction)
    else if (status) updates.push(...updatesOf(ack, status, nowMs))
    else ignored.push('ack')
  }
  const echoes = acks.flatMap(({ msgId, rxid }) => (msgId && rxid && msgId !== rxid ? [{ msgId, rxid }] : []))
  return { ...nothing, messages, updates, echoes, ignored }
}

function statusOf({ ackCode, ackType, reaction }: MaytapiAck): DeliveryStatus | undefined {
  if (reaction !== undefined) return undefined
  const known = statuses.find(([code, type]) => (ackCode === undefined ? type === ackType : code === ackCode))
  return known?.[2]
}

/** For both ids: a reply that was recognised by its echo is known by WhatsApp's. */
function updatesOf(ack: MaytapiAck, status: DeliveryStatus, nowMs: number): DeliveryUpdate[] {
  const atMs = millisecondsOf(ack.time) ?? nowMs
  const ids = new Set([ack.msgId, ack.rxid].filter((id) => id !== undefined && id !== ''))
  return [...ids].map((providerId) => ({ ...(providerId ? { providerId } : {}), status, atMs }))
}

/** A reaction to one of our messages. It has no id of its own that is sure to be there. */
function reactionOf(ack: MaytapiAck, nowMs: number): InboundMessageInput | undefined {
  const { chatId, reaction = '', reactionId, reactorId, msgId, rxid, time } = ack
  const to = msgId || rxid
  if (!chatId || !to) return undefined
  return {
    type: 'reaction',
    id: reactionId || `reaction_${to}_${reactorId ?? chatId}_${time ?? 0}`,
    chat: chatId,
    isGroup: chatId.endsWith('@g.us'),
    fromMe: reactionId?.startsWith('true_') ?? false,
    from: { id: reactorId || chatId },
    sentAtMs: millisecondsOf(time) ?? nowMs,
    emoji: reaction,
    to,
  }
}

/** The phone's states (schema `status-enum` of the OpenAPI description): only an active one sends. */
function connectionOf(status: string | undefined): Partial<ParsedEvent> {
  if (status === undefined) return { ignored: ['status'] }
  const reason = `the phone is ${plainWord(status)}`
  switch (status.toLowerCase()) {
    case 'active':
    case 'connected':
      return { connection: { state: 'connected', reason } }
    case 'qr-code':
    case 'qr-screen':
    case 'idle':
      // Idle: nobody has scanned the QR code for three minutes.
      return { connection: { state: 'needs-login', reason } }
    case 'loading':
      return { connection: { state: 'connecting', reason } }
    default:
      return { connection: { state: 'disconnected', reason } }
  }
}

/** What an agent writes comes as a message of the number; that somebody took the chat comes before. It has no id of its own. */
function parseLiveEvent(event: MaytapiEvent, nowMs: number): ParsedEvent {
  const { conversation, timestamp, receiver } = event
  const chat = conversation && chatOf(conversation)
  const kind = plainWord(liveEventOf(event) ?? 'unknown')
  if (chat && (kind === 'released_by_agent' || kind === 'closed')) return { ...nothing, released: chat }
  if (kind !== 'taken_by_agent' || !chat) return { ...nothing, ignored: [`live_event ${kind}`] }
  const sentAtMs = millisecondsOf(timestamp) ?? nowMs
  const takeover: InboundMessageInput = {
    type: 'unsupported',
    originalType: kind,
    id: `live_${sentAtMs}_${chat}`,
    chat,
    isGroup: chat.endsWith('@g.us'),
    fromMe: true,
    from: { id: receiver || 'agent' },
    sentAtMs,
  }
  return { ...nothing, takeover }
}

/** Queueing a message succeeded, sending it did not. */
function parseFailure(event: MaytapiEvent, nowMs: number): ParsedEvent {
  const { id } = failureOf(event)
  const words = typeof event.message === 'string' ? event.message : undefined
  const reason = plainReason(event.code, words) || 'error'
  if (!id) return { ...nothing, ignored: ['error without id'] }
  return { ...nothing, updates: [{ providerId: id, status: 'failed', atMs: nowMs, reason }] }
}
