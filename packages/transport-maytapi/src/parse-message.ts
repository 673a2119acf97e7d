import type { InboundMessageInput, MediaReference } from '@wa-agent/core'
import { parseCard } from '@wa-agent/transport-kit'
import { addressesOf, isBroadcast } from './addresses.ts'
import { cardsOf, type MaytapiEvent, type MaytapiMessage } from './payloads.ts'
import { millisecondsOf } from './time.ts'

type Content = Omit<Extract<InboundMessageInput, { type: 'text' }>, 'type' | 'text'>

/**
 * What rides on the event `message` without being one: group notices, and what the guide of Maytapi's webhook events names
 * beside messages (https://maytapi.com/blog/whatsapp-webhook-events-guide). Nobody expects an answer to any of it.
 */
const notices: ReadonlySet<string> = new Set([
  'info',
  'notification',
  'notification_template',
  'group_notification',
  'gp2',
  'e2e_notification',
  'protocol',
  'ciphertext',
  'call',
  'call_log',
  'pin',
  'pin_message',
  'label',
  'message_edit',
  'edit',
  'revoked',
  'deleted',
  'poll_vote',
  'poll_update',
])

/** Their message as ours, or why it is none. */
export function parseMessage(event: MaytapiEvent, nowMs: number): InboundMessageInput | { readonly ignored: string } {
  const { message, quoted } = event
  if (typeof message !== 'object') return { ignored: 'message without content' }
  const type = message.type ?? 'unknown'
  const id = message._serialized || message.id
  const addresses = addressesOf(event, message)
  if (notices.has(type)) return { ignored: plainWord(type) }
  if (!id || !addresses) return { ignored: `${plainWord(type)} without id or chat` }
  if (isBroadcast(addresses.chat)) return { ignored: 'broadcast' }
  const quotedId = quoted?._serialized || quoted?.id
  const common: Content = {
    ...addresses,
    id,
    sentAtMs: millisecondsOf(event.timestamp) ?? nowMs,
    ...(quotedId ? { replyTo: { id: quotedId } } : {}),
  }
  return contentOf(message, type, common) ?? { ...common, type: 'unsupported', originalType: plainWord(type) }
}

function contentOf(message: MaytapiMessage, type: string, common: Content): InboundMessageInput | undefined {
  switch (type) {
    case 'text':
    case 'chat':
    case 'link':
      return message.text === undefined ? undefined : { ...common, type: 'text', text: message.text }
    case 'image':
    case 'video':
    case 'document':
    case 'audio':
    case 'ptt':
    case 'voice':
    case 'sticker':
      return mediaMessage(message, type, common)
    case 'location':
    case 'live_location':
      return locationMessage(message, common)
    case 'vcard':
    case 'contact':
    case 'multi_vcard': {
      const contacts = cardsOf(message).map(({ card, name }) => parseCard(card, name))
      return { ...common, type: 'contacts', contacts: contacts.map(mutable) }
    }
    case 'reaction':
      return reactionMessage(message, common)
    case 'button_response':
    case 'buttons_response':
    case 'list_response':
    case 'template_button_reply':
      return selectionMessage(message, type, common)
    default:
      return undefined
  }
}

type MediaType = 'image' | 'video' | 'document' | 'audio' | 'ptt' | 'voice' | 'sticker'

function mediaMessage(message: MaytapiMessage, type: MediaType, common: Content): InboundMessageInput | undefined {
  const { url, mime, filename, caption } = message
  if (!url) return undefined
  const media: MediaReference = {
    reference: url,
    ...(mime ? { mimeType: mime } : {}),
    // Of everything else Maytapi makes a name, with the sender's number in it.
    ...(type === 'document' && filename ? { fileName: filename } : {}),
  }
  switch (type) {
    case 'image':
    case 'video':
    case 'document':
      return { ...common, type, media, ...(caption ? { caption } : {}) }
    case 'audio':
      return { ...common, type, media }
    case 'ptt':
    case 'voice':
      return { ...common, type: 'audio', media, voice: true }
    case 'sticker':
      return { ...common, type, media }
  }
}

function locationMessage({ payload, text }: MaytapiMessage, common: Content): InboundMessageInput | undefined {
  const match = /^\s*(?<latitude>-?\d+(?:\.\d+)?)\s*,\s*(?<longitude>-?\d+(?:\.\d+)?)\s*$/.exec(payload ?? '')
  if (!match?.groups) return undefined
  const [latitude, longitude] = [Number(match.groups['latitude']), Number(match.groups['longitude'])]
  return { ...common, type: 'location', latitude, longitude, ...(text ? { name: text } : {}) }
}

/** Only where it says to what: the target is quoted, or named by its id. */
function reactionMessage(message: MaytapiMessage, common: Content): InboundMessageInput | undefined {
  const to = message.msgId || common.replyTo?.id
  const emoji = message.reaction ?? message.emoji ?? message.text
  return to === undefined || emoji === undefined ? undefined : { ...common, type: 'reaction', emoji, to }
}

function selectionMessage(message: MaytapiMessage, type: string, common: Content): InboundMessageInput | undefined {
  const { text, selectedId, buttonId } = message
  const id = selectedId || buttonId
  if (!id) return text ? { ...common, type: 'text', text } : undefined
  const source = type === 'list_response' ? ('list' as const) : ('button' as const)
  return { ...common, type: 'selection', selection: { id, title: text ?? id }, source }
}

function mutable(card: ReturnType<typeof parseCard>): { name: string; phones: string[]; emails: string[] } {
  return { name: card.name, phones: [...card.phones], emails: [...card.emails] }
}

/** A type as it may be logged: theirs are words, anything else is not repeated. */
export function plainWord(word: string): string {
  return /^[a-z][\w./-]{0,39}$/i.test(word) ? word : 'unknown'
}
