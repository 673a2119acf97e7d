import type { InboundMessageInput } from '@wa-agent/core'
import { aliasesOf } from './aliases.ts'
import { parseContent } from './parse-content.ts'
import { parseSystem } from './parse-system.ts'
import { contactSchema, type MetaContact, type MetaMessage, messageSchema } from './payloads.ts'

/**
 * Things that happen in a chat and that are no new message: nothing is to be answered. What was edited has been handed over, and
 * mostly answered, as it was.
 */
const events: ReadonlySet<string> = new Set(['revoke', 'edit'])

/** A message in our words, or the kind of what was left out. */
export type ParsedMessage = { readonly message: InboundMessageInput } | { readonly ignored: string }

/** Reads a customer's message. `contacts` are those of the same value; some messages come without. */
export function parseMessage(raw: unknown, contacts: readonly MetaContact[], nowMs: number): ParsedMessage {
  const parsed = messageSchema.safeParse(raw)
  if (!parsed.success) return { ignored: 'malformed message' }
  const message = parsed.data
  if (events.has(message.type)) return { ignored: message.type }
  if (message.type === 'system') {
    const notice = parseSystem(message, timeOf(message, nowMs))
    return notice ? { message: notice } : { ignored: 'system' }
  }
  const contact = contactOf(message, contacts)
  const phone = message.from ?? contact?.wa_id
  const bsuid = message.from_user_id ?? contact?.user_id
  const id = phone ?? bsuid
  if (id === undefined) return { ignored: 'message without sender' }
  const name = (contact ?? onlyOf(contacts))?.profile?.name
  const from = { id, name, aliases: aliasesOf({ phones: [phone], bsuids: [bsuid] }) }
  const isGroup = message.group_id !== undefined
  return { message: complete(message, { chat: message.group_id ?? id, from, isGroup }, nowMs) }
}

/**
 * Reads what the owner wrote by hand, in the app: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes
 */
export function parseEcho(raw: unknown, nowMs: number): ParsedMessage {
  const parsed = messageSchema.safeParse(raw)
  if (!parsed.success) return { ignored: 'malformed echo' }
  const message = parsed.data
  if (events.has(message.type) || message.type === 'system') return { ignored: message.type }
  const { group_id: group, to: phone, to_user_id: bsuid } = message
  const chat = group ?? phone ?? bsuid
  if (chat === undefined) return { ignored: 'echo without recipient' }
  const from = { id: message.from ?? 'business' }
  // The conversation may be known by either of them.
  const toAliases = aliasesOf({ phones: [phone], bsuids: [bsuid] })
  return { message: complete(message, { chat, from, toAliases, fromMe: true, isGroup: group !== undefined }, nowMs) }
}

type Situation = Pick<InboundMessageInput, 'chat' | 'from' | 'toAliases' | 'fromMe' | 'isGroup'>

function complete(message: MetaMessage, situation: Situation, nowMs: number): InboundMessageInput {
  const repliedTo = message.context?.id
  return {
    id: message.id,
    ...situation,
    sentAtMs: timeOf(message, nowMs),
    ...(repliedTo === undefined ? {} : { replyTo: { id: repliedTo } }),
    ...parseContent(message),
  }
}

/** The contacts that can be read. */
export function contactsOf(raw: readonly unknown[] | undefined): MetaContact[] {
  return (raw ?? []).flatMap((one) => {
    const parsed = contactSchema.safeParse(one)
    return parsed.success ? [parsed.data] : []
  })
}

function timeOf({ timestamp }: MetaMessage, nowMs: number): number {
  return timestamp === undefined ? nowMs : millisecondsOf(timestamp)
}

/** Timestamps are in seconds; what is far too large for that is in milliseconds already. */
export function millisecondsOf(timestamp: number): number {
  return Math.round(timestamp > 1e11 ? timestamp : timestamp * 1000)
}

function contactOf(message: MetaMessage, contacts: readonly MetaContact[]): MetaContact | undefined {
  const { from, from_user_id: userId } = message
  if (from === undefined && userId === undefined) return onlyOf(contacts)
  return contacts.find(
    (one) => (from !== undefined && one.wa_id === from) || (userId !== undefined && one.user_id === userId),
  )
}

/** Its number may be written in another form than the sender's. So its name counts, and its ids do not. */
function onlyOf(contacts: readonly MetaContact[]): MetaContact | undefined {
  return contacts.length === 1 ? contacts[0] : undefined
}
