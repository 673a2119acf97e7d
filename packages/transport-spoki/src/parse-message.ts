import type { InboundMessageInput } from '@wa-agent/core'
import { isPhone, messageIdOf, phoneOf } from './ids.ts'
import type { SpokiContent, SpokiEvent, SpokiFile } from './payloads.ts'
import { firstMoment } from './time.ts'

type Common = Omit<Extract<InboundMessageInput, { type: 'text' }>, 'type' | 'text'>

/** Spoki's id of a message, or `undefined` where it has none. */
export function idOf({ uuid, id, message_id }: SpokiContent): string | undefined {
  const found = uuid || id || message_id
  return found ? messageIdOf(found) : undefined
}

/** Who wrote it: a customer, or (`fromMe`) somebody from our number, who may be a program. */
export interface By {
  readonly fromMe: boolean
  readonly automated?: true
}

/** Their message as ours. `undefined` without id or chat. */
export function parseMessage(
  { content, timestamp }: SpokiEvent,
  by: By,
  nowMs: number,
): InboundMessageInput | undefined {
  const { fromMe } = by
  const id = idOf(content)
  const chat = chatOf(content, fromMe)
  if (!id || !chat) return undefined
  const repliedTo = content.replyToMessageUid || content.reply_to_message_uid
  const { sent_datetime, created_datetime, created_at } = content
  const common: Common = {
    id,
    chat,
    ...by,
    from: fromMe ? { id: ourNumber(content) } : senderOf(content, chat),
    sentAtMs: firstMoment([sent_datetime, created_datetime, created_at, timestamp, content.timestamp], nowMs),
    ...(repliedTo ? { replyTo: { id: messageIdOf(repliedTo) } } : {}),
  }
  return contentOf(content, common)
}

/** The customer's number. Without one the contact stands for the chat: what it wrote is not lost, even if nobody can answer. */
function chatOf(content: SpokiContent, fromMe: boolean): string | undefined {
  const { from_phone, from, to_phone, to, contact, wa_id, chat_id, phone } = content
  const named = fromMe ? to_phone || to : from_phone || from
  const number = named || contact?.phone || wa_id || chat_id || phone
  if (number) return phoneOf(number)
  const contactId = contact?.uuid || contact?.id
  return contactId ? `contact:${contactId}` : undefined
}

function senderOf({ contact }: SpokiContent, chat: string): InboundMessageInput['from'] {
  const name = contact?.name || [contact?.first_name, contact?.last_name].filter(Boolean).join(' ')
  const aliases = isPhone(chat) ? [{ kind: 'phone' as const, value: chat }] : []
  return { id: chat, aliases, ...(name ? { name } : {}) }
}

function ourNumber({ from_phone, from }: SpokiContent): string {
  const number = from_phone || from
  return number ? phoneOf(number) : 'me'
}

function contentOf(content: SpokiContent, common: Common): InboundMessageInput {
  const text = content.text || content.body || content.button_text || content.caption
  const [file] = content.mediamessage_set ?? []
  const contentType = (content.content_type || file?.content_type || '').toLowerCase()
  // A button's payload is the id that the message with the button gave it.
  if (content.payload) {
    return { ...common, type: 'selection', selection: { id: content.payload, title: text || content.payload } }
  }
  const { latitude, longitude } = content
  if (contentType === 'location' && latitude !== undefined && longitude !== undefined) {
    return { ...common, type: 'location', latitude, longitude, ...(text ? { name: text } : {}) }
  }
  const media = file && mediaMessage(file, { contentType, text, common })
  if (media) return media
  if (text) return { ...common, type: 'text', text }
  return { ...common, type: 'unsupported', originalType: /^[a-z]{1,30}$/.test(contentType) ? contentType : 'unknown' }
}

function mediaMessage(
  file: SpokiFile,
  {
    contentType,
    text,
    common,
  }: { readonly contentType: string; readonly text: string | undefined; readonly common: Common },
): InboundMessageInput | undefined {
  const reference = file.media || file.url || file.file || file.link
  if (!reference) return undefined
  const mimeType = [file.mime_type, file.mimetype, file.content_type].find((type) => type?.includes('/'))
  const fileName = file.filename || file.name
  const media = { reference, ...(mimeType ? { mimeType } : {}), ...(fileName ? { fileName } : {}) }
  const caption = text || file.caption
  const captioned = { ...common, media, ...(caption ? { caption } : {}) }
  switch (kindOf(contentType, mimeType ?? '')) {
    case 'image':
      return { ...captioned, type: 'image' }
    case 'video':
      return { ...captioned, type: 'video' }
    case 'audio':
      return { ...common, type: 'audio', media, voice: contentType === 'voice' || /opus/.test(mimeType ?? '') }
    case 'sticker':
      return { ...common, type: 'sticker', media }
    case 'document':
      return { ...captioned, type: 'document' }
  }
}

/** A file of no kind that is known is still a file. */
function kindOf(contentType: string, mimeType: string): 'image' | 'video' | 'audio' | 'sticker' | 'document' {
  const hint = `${contentType} ${mimeType.split('/')[0]}`
  if (/sticker/.test(hint)) return 'sticker'
  if (/image/.test(hint)) return 'image'
  if (/video/.test(hint)) return 'video'
  return /audio|voice/.test(hint) ? 'audio' : 'document'
}
