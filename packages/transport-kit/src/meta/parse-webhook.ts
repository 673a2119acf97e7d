import type { DeliveryUpdate, InboundMessageInput } from '@wa-agent/core'
import { contactsOf, parseEcho, parseMessage } from './parse-message.ts'
import { parseStatus } from './parse-status.ts'
import { changeSchema, envelopeSchema, type MetaValue } from './payloads.ts'

/** Everything that one webhook says, in our words and in its order. */
export interface MetaWebhook {
  readonly messages: readonly InboundMessageInput[]
  readonly updates: readonly DeliveryUpdate[]
  /** Kinds of what was left out, for debug logs; nothing of the content. */
  readonly ignored: readonly string[]
}

/** What is read, and when it is. */
export interface ParseMetaWebhookOptions {
  /** Leaves out what is for another number. Default: everything is read. */
  readonly phoneNumberId?: string | undefined
  /** Stands in where a time is missing. */
  readonly nowMs: number
}

/**
 * Reads a webhook in Meta's format: messages, what the owner wrote in the app (`fromMe`), and what became of our messages.
 * Never throws: what is not known, malformed or no message at all is told in `ignored`, an unknown type of message is
 * `unsupported`.
 */
export function parseMetaWebhook(body: unknown, options: ParseMetaWebhookOptions): MetaWebhook {
  const envelope = envelopeSchema.safeParse(body)
  if (!envelope.success) return { messages: [], updates: [], ignored: ['malformed body'] }
  const collected = { messages: [], updates: [], ignored: [] }
  for (const { changes = [] } of envelope.data.entry) {
    for (const change of changes) readChange(change, options, collected)
  }
  return collected
}

interface Collected {
  readonly messages: InboundMessageInput[]
  readonly updates: DeliveryUpdate[]
  readonly ignored: string[]
}

function readChange(raw: unknown, options: ParseMetaWebhookOptions, collected: Collected): void {
  const parsed = changeSchema.safeParse(raw)
  if (!parsed.success) return void collected.ignored.push('malformed change')
  const { field = 'messages', value } = parsed.data
  const number = value.metadata?.phone_number_id
  const isOthers = options.phoneNumberId !== undefined && number !== undefined && number !== options.phoneNumberId
  if (isOthers) collected.ignored.push('another number')
  else if (field === 'messages') readMessages(value, options.nowMs, collected)
  else if (field === 'smb_message_echoes') readEchoes(value, options.nowMs, collected)
  // Among others `standby` and `history`, whose messages somebody else answers or has answered.
  else collected.ignored.push(`field ${field.slice(0, 40)}`)
}

function readMessages(value: MetaValue, nowMs: number, { messages, updates, ignored }: Collected): void {
  const contacts = contactsOf(value.contacts)
  for (const raw of value.messages ?? []) {
    const parsed = parseMessage(raw, contacts, nowMs)
    if ('message' in parsed) messages.push(parsed.message)
    else ignored.push(parsed.ignored)
  }
  for (const raw of value.statuses ?? []) {
    const parsed = parseStatus(raw, nowMs)
    if ('update' in parsed) updates.push(parsed.update)
    else ignored.push(parsed.ignored)
  }
  if (value.errors) ignored.push('errors of the account')
}

function readEchoes(value: MetaValue, nowMs: number, { messages, ignored }: Collected): void {
  for (const raw of value.message_echoes ?? []) {
    const parsed = parseEcho(raw, nowMs)
    if ('message' in parsed) messages.push(parsed.message)
    else ignored.push(parsed.ignored)
  }
}
