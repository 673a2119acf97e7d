import type { DeliveryStatus, DeliveryUpdate, InboundMessageInput } from '@wa-agent/core'
import { parseMetaWebhook } from '@wa-agent/transport-kit/meta'
import { type MessageBase, withContent } from './parse-content.ts'
import { type AisensyMessage, contactSchema, type Envelope, envelopeSchema, messageSchema } from './payloads.ts'
import { internationalNumber } from './phone.ts'
import { failureReason } from './reasons.ts'

/** What is in a delivery. */
export interface ParsedWebhook {
  readonly messages: readonly InboundMessageInput[]
  readonly updates: readonly DeliveryUpdate[]
  /** The chat that a person gave back. */
  readonly released?: string
  /** Kinds of what was left out, for the log. */
  readonly ignored: readonly string[]
}

export interface ParseOptions {
  /** What the delivery must be for, where Meta's format names it. */
  readonly phoneNumberId?: string | undefined
  readonly nowMs: number
}

/** A delivery in either format. What is unknown is no error. */
export function parseWebhook(body: unknown, options: ParseOptions): ParsedWebhook {
  const meta = asMetaWebhook(body)
  if (meta !== undefined) {
    const { phoneNumberId, nowMs } = options
    return parseMetaWebhook(meta, phoneNumberId === undefined ? { nowMs } : { phoneNumberId, nowMs })
  }
  const { data: envelope } = envelopeSchema.safeParse(body)
  return envelope ? parseEnvelope(envelope, options) : ignoring(isPing(body) ? 'test.webhook' : 'unknown format')
}

/** The test that the dashboard sends when a webhook is saved: `{"event":"test.webhook","data":{"message":"..."}}`. */
export function isPing(body: unknown): boolean {
  return isRecord(body) && body['event'] === 'test.webhook' && !('topic' in body) && !('entry' in body)
}

/** The projects that an AiSensy envelope says it is of; none in Meta's format. */
export function projectsOf(body: unknown): readonly string[] {
  const { data: envelope } = envelopeSchema.safeParse(body)
  const inside = messageSchema.safeParse(envelope?.data['message']).data?.project_id
  return [envelope?.project_id, inside].filter((id) => id !== undefined)
}

/** The Direct API delivers in Meta's format; bare `statuses` were seen in one place. */
function asMetaWebhook(body: unknown): unknown {
  if (!isRecord(body)) return undefined
  if (Array.isArray(body['entry'])) return body
  const { statuses } = body
  if (!Array.isArray(statuses)) return undefined
  const value = { messaging_product: 'whatsapp', statuses }
  return { object: 'whatsapp_business_account', entry: [{ changes: [{ field: 'messages', value }] }] }
}

/** Topics of messages; white-label hosts have others with the same beginning. */
const messageTopic = /^message\./
const statusTopic = 'message.status.updated'

/** Somebody took a conversation in AiSensy's inbox, or closed it there. */
const takenTopic = 'contact.chat.intervened'
const closedTopic = 'contact.chat.closed'

function parseEnvelope(envelope: Envelope, options: ParseOptions): ParsedWebhook {
  const { topic } = envelope
  if (topic === takenTopic || topic === closedTopic) return parseHandoff(envelope, options)
  if (!messageTopic.test(topic) || !isRecord(envelope.data['message'])) return ignoring(topic)
  const message = messageSchema.parse(envelope.data['message'])
  const place = { envelope, options, message }
  const sender = message.sender?.toUpperCase()
  if (topic === statusTopic) return sender === 'USER' ? ignoring(`${topic} of USER`) : updatesOnly(place)
  switch (sender) {
    case 'USER':
      return messageOnly(place)
    case 'AGENT':
      // A campaign goes to many at once: that is nobody's hand in this conversation.
      return isCampaign(message) ? updatesOnly(place) : messageOnly(place, { fromMe: true })
    case 'API':
      return sentByApi(place)
    case undefined:
      return topic === 'message.created' ? ignoring(`${topic} without sender`) : messageOnly(place)
    default:
      return ignoring(`${topic} of ${sender.slice(0, 20)}`)
  }
}

/** What they write comes as messages; that somebody took the conversation comes before, and counts as the owner's own words. */
function parseHandoff({ id, topic, created_at, project_id, data }: Envelope, { nowMs }: ParseOptions): ParsedWebhook {
  const contact = contactSchema.parse(data['contact'])
  const chat = chatOf(contact.phone_number, contact.country_code) ?? contact.id
  if (chat === undefined) return ignoring(`${topic} of nobody`)
  if (topic === closedTopic) return { messages: [], updates: [], released: chat, ignored: [] }
  const sentAtMs = created_at ?? nowMs
  const takeover: InboundMessageInput = {
    type: 'unsupported',
    originalType: topic,
    id: id ?? `${topic}_${sentAtMs}_${chat}`.slice(0, 1024),
    chat,
    from: { id: project_id ?? 'business' },
    fromMe: true,
    sentAtMs,
  }
  return { messages: [takeover], updates: [], ignored: [] }
}

interface Place {
  readonly envelope: Envelope
  readonly options: ParseOptions
  readonly message: AisensyMessage
}

function messageOnly(place: Place, by: By = { fromMe: false }): ParsedWebhook {
  const message = inbound(place, by)
  if (message) return { messages: [message], updates: [], ignored: [] }
  return ignoring(`${place.envelope.topic} ${by.fromMe ? 'to' : 'of'} nobody`)
}

function updatesOnly(place: Place): ParsedWebhook {
  const updates = updatesOf(place)
  return updates.length > 0
    ? { messages: [], updates, ignored: [] }
    : ignoring(`${place.envelope.topic} without status`)
}

/**
 * What left through the API: a reply of ours, or what another program sent. Only a text says by itself which reply it is, before
 * its id is known; any other echo that came in early would be kept as something that somebody else has sent.
 */
function sentByApi(place: Place): ParsedWebhook {
  const { message } = place
  const updates = updatesOf(place)
  const isPlainText = message.message_type?.toUpperCase() === 'TEXT' && !message.is_HSM && !isCampaign(message)
  const hasFailed = updates.some(({ status }) => status === 'failed')
  const echo = isPlainText && !hasFailed ? inbound(place, { fromMe: true, automated: true }) : undefined
  return { messages: echo ? [echo] : [], updates, ignored: echo || updates.length > 0 ? [] : ['message of API'] }
}

/** Who wrote it: the customer, a person at AiSensy, or a program. */
interface By {
  readonly fromMe: boolean
  readonly automated?: true
}

function inbound(place: Place, by: By): InboundMessageInput | undefined {
  const { envelope, message, options } = place
  // Both topics for one message have envelopes of their own: only this id is the same.
  const id = message.messageId ?? message.id ?? envelope.id
  // Without a number nothing can be sent, but what was written is kept.
  const chat = chatOf(message.phone_number, message.countryCode) ?? message.contact_id
  if (id === undefined || chat === undefined) return undefined
  const base: MessageBase = {
    id,
    chat,
    from: by.fromMe ? { id: message.project_id ?? envelope.project_id ?? 'business' } : senderOf(message, chat),
    ...by,
    sentAtMs: message.sent_at ?? envelope.created_at ?? options.nowMs,
    ...(message.context?.id === undefined ? {} : { replyTo: { id: message.context.id } }),
  }
  return withContent(base, message)
}

function chatOf(phone: string | undefined, countryCode: string | undefined): string | undefined {
  return phone === undefined ? undefined : internationalNumber(phone, countryCode) || undefined
}

function senderOf(message: AisensyMessage, chat: string): MessageBase['from'] {
  const isNumber = /^\d+$/.test(chat)
  return {
    id: chat,
    name: message.userName ?? message.user_name,
    aliases: isNumber ? [{ kind: 'phone', value: chat }] : [],
  }
}

const statuses: ReadonlyMap<string, DeliveryStatus> = new Map([
  ['SENT', 'sent'],
  ['DELIVERED', 'delivered'],
  ['READ', 'read'],
  ['PLAYED', 'read'],
  ['FAILED', 'failed'],
])

/** What a message of ours came to. One that went through the Campaign API is known by the id that it was submitted with. */
function updatesOf({ envelope, message, options }: Place): DeliveryUpdate[] {
  const status = statuses.get(message.status?.toUpperCase() ?? '')
  if (status === undefined) return []
  const times = {
    sent: message.sent_at,
    delivered: message.delivered_at,
    read: message.read_at,
    failed: message.failed_at,
  }
  const update = {
    status,
    atMs: times[status] ?? envelope.created_at ?? options.nowMs,
    ...(status === 'failed' ? { reason: failureReason(message.failureResponse) } : {}),
  }
  const ids = [message.messageId, message.submitted_message_id].filter((id) => id !== undefined)
  return ids.map((providerId) => ({ providerId, ...update }))
}

function isCampaign({ campaign }: AisensyMessage): boolean {
  return isRecord(campaign) ? Object.values(campaign).some(Boolean) : Boolean(campaign)
}

function ignoring(kind: string): ParsedWebhook {
  return { messages: [], updates: [], ignored: [kind.slice(0, 100)] }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
