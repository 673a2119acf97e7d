import type { InboundMessageInput, MediaReference } from '@wa-agent/core'
import { parseCard } from '@wa-agent/transport-kit'
import { isBroadcast, isGroup, serializedKey } from './ids.ts'
import { cardSchema, type RawMessage, rawMessageSchema, rawReactionSchema } from './raw-message.ts'

/** What is known around a message. */
export interface InboundContext {
  /** Our own ids: by phone and by LID. */
  readonly me: readonly string[]
  readonly groups: boolean
  readonly nowMs: number
}

/** A message in our words, or why it is none for us. */
export type ParsedMessage = InboundMessageInput | { readonly ignored: string }

type Content = Omit<Extract<InboundMessageInput, { type: 'text' }>, 'type' | 'text'>

/** What is in a chat without anybody having said it, or comes again in a form that says it. */
const notices: ReadonlySet<string> = new Set([
  'album',
  'broadcast_notification',
  'call_log',
  'ciphertext',
  'debug',
  'e2e_notification',
  'gp2',
  'group_notification',
  'notification',
  'notification_template',
  'pinned_message',
  'poll_update',
  'protocol',
  'reaction',
  'revoked',
])

/** Parses what WhatsApp Web says of a message. Never throws: what is not known is `unsupported`. */
export function parseRawMessage(input: unknown, context: InboundContext): ParsedMessage {
  const { data: raw } = rawMessageSchema.safeParse(input)
  if (!raw) return { ignored: 'a message without id' }
  const { remote: chat } = raw.id
  const type = plainWord(raw.type)
  if (notices.has(raw.type)) return { ignored: type }
  if (chat === '') return { ignored: `${type} without chat` }
  if (isBroadcast(chat) || raw.isStatusV3) return { ignored: 'broadcast' }
  if (isGroup(chat) && !context.groups) return { ignored: 'group' }
  const common: Content = {
    ...addressesOf(raw, context),
    id: serializedKey(raw.id),
    sentAtMs: millisecondsOf(raw.t) ?? context.nowMs,
    ...quotedBy(raw, context),
  }
  return contentOf(raw, common) ?? { ...common, type: 'unsupported', originalType: type }
}

/** Parses a reaction; taken back it has no emoji. One of ours is no answer, neither the bot's nor the owner's. */
export function parseReaction(input: unknown, context: InboundContext): ParsedMessage {
  const { data: raw } = rawReactionSchema.safeParse(input)
  if (!raw) return { ignored: 'a reaction without ids' }
  const { remote: chat, fromMe } = raw.id
  if (fromMe) return { ignored: 'a reaction of ours' }
  if (isBroadcast(chat)) return { ignored: 'broadcast' }
  if (isGroup(chat) && !context.groups) return { ignored: 'group' }
  const from = { id: raw.senderId ?? chat }
  const sentAtMs = millisecondsOf(raw.timestamp) ?? context.nowMs
  const common = { id: serializedKey(raw.id), chat, from, fromMe, isGroup: isGroup(chat), sentAtMs }
  return { ...common, type: 'reaction', emoji: raw.reaction, to: serializedKey(raw.msgId) }
}

function addressesOf(raw: RawMessage, { me }: InboundContext): Pick<Content, 'chat' | 'from' | 'fromMe' | 'isGroup'> {
  const { remote: chat, fromMe } = raw.id
  const place = { chat, fromMe, isGroup: isGroup(chat) }
  if (fromMe) return { ...place, from: { id: me[0] ?? raw.from ?? 'me' } }
  const id = (place.isGroup ? (raw.author ?? raw.id.participant) : undefined) ?? chat
  return { ...place, from: { id, ...(raw.notifyName ? { name: raw.notifyName } : {}) } }
}

/** Only the short id is told: the rest follows from who wrote it. */
function quotedBy(
  { id, quotedStanzaID, quotedParticipant }: RawMessage,
  { me }: InboundContext,
): Pick<Content, 'replyTo'> {
  if (!quotedStanzaID) return {}
  const fromMe = quotedParticipant !== undefined && me.includes(quotedParticipant)
  const participant = isGroup(id.remote) ? quotedParticipant : undefined
  return { replyTo: { id: serializedKey({ fromMe, remote: id.remote, id: quotedStanzaID, participant }) } }
}

function contentOf(raw: RawMessage, common: Content): InboundMessageInput | undefined {
  switch (raw.type) {
    case 'chat':
    case 'oversized':
      return raw.body === undefined ? undefined : { ...common, type: 'text', text: raw.body }
    case 'image':
    case 'video':
    case 'ptv':
    case 'document':
      return {
        ...common,
        // A round video, which says something as a voice message does.
        type: raw.type === 'ptv' ? 'video' : raw.type,
        media: mediaOf(raw, common.id),
        ...(raw.caption ? { caption: raw.caption } : {}),
      }
    case 'audio':
    case 'ptt':
      return { ...common, type: 'audio', media: mediaOf(raw, common.id), voice: raw.type === 'ptt' }
    case 'sticker':
      return { ...common, type: 'sticker', media: mediaOf(raw, common.id), animated: raw.isAnimated ?? false }
    case 'location':
      return locationOf(raw, common)
    case 'vcard':
    case 'multi_vcard':
      return { ...common, type: 'contacts', contacts: cardsOf(raw) }
    case 'order': {
      const text = raw.message || raw.orderTitle
      return { ...common, type: 'order', items: [], ...(text ? { text } : {}) }
    }
    case 'buttons_response':
    case 'template_button_reply':
      return selectionOf(raw, common, { id: raw.selectedButtonId ?? raw.selectedId, source: 'button' })
    case 'list_response':
      return selectionOf(raw, common, { id: raw.listResponse?.singleSelectReply?.selectedRowId, source: 'list' })
    default:
      return undefined
  }
}

/** The file is fetched by the id of its message, when somebody opens it. */
function mediaOf({ mimetype, filename, size, filehash, type }: RawMessage, reference: string): MediaReference {
  return {
    reference,
    ...(mimetype ? { mimeType: mimetype } : {}),
    ...(type === 'document' && filename ? { fileName: filename } : {}),
    ...(size !== undefined && Number.isSafeInteger(size) && size >= 0 ? { sizeBytes: size } : {}),
    ...(filehash ? { sha256: filehash } : {}),
  }
}

function locationOf({ lat, lng, loc }: RawMessage, common: Content): InboundMessageInput | undefined {
  if (lat === undefined || lng === undefined) return undefined
  const [name, ...address] = (loc ?? '').split('\n')
  return {
    ...{ ...common, type: 'location', latitude: lat, longitude: lng },
    ...(name ? { name } : {}),
    ...(address.length > 0 ? { address: address.join('\n') } : {}),
  }
}

function cardsOf({ type, body, vcardFormattedName, vcardList = [] }: RawMessage) {
  const cards = type === 'vcard' ? [{ vcard: body ?? '', displayName: vcardFormattedName }] : vcardList
  return cards.flatMap((card) => {
    const { data } = cardSchema.safeParse(card)
    if (!data) return []
    const { name, phones, emails } = parseCard(data.vcard, data.displayName)
    return [{ name, phones: [...phones], emails: [...emails] }]
  })
}

function selectionOf(
  { body, listResponse }: RawMessage,
  common: Content,
  { id, source }: { readonly id: string | undefined; readonly source: 'button' | 'list' },
): InboundMessageInput | undefined {
  const title = listResponse?.title || body
  if (!id) return title ? { ...common, type: 'text', text: title } : undefined
  return { ...common, type: 'selection', selection: { id, title: title ?? id }, source }
}

/** WhatsApp Web counts in seconds. What no `Date` can hold is no time. */
function millisecondsOf(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds > 0 && seconds <= 8_640_000_000_000 ? Math.round(seconds * 1000) : undefined
}

/** A type as it may be logged: theirs are words, anything else is not repeated. */
function plainWord(word: string): string {
  return /^[a-z][\w./-]{0,39}$/i.test(word) ? word : 'unknown'
}
