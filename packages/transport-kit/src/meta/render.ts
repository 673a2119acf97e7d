import type { Delivery, OutboundMessage } from '@wa-agent/core'
import { isBusinessScopedId } from './recipients.ts'
import { renderInteractive, renderNumbered } from './render-interactive.ts'

/** A file as the provider can have it: uploaded, or at an address that it can reach. */
export type MetaMedia = { readonly id: string } | { readonly link: string }

/** The body of `POST .../messages`. `media` is needed for what has a file. */
export function renderMeta(delivery: Delivery, media: MetaMedia | undefined): Record<string, unknown> {
  const { id, chat, message } = delivery
  const isGroup = groupId.test(chat)
  return {
    messaging_product: 'whatsapp',
    recipient_type: isGroup ? 'group' : 'individual',
    ...(isBusinessScopedId(chat) ? { recipient: chat } : { to: chat }),
    ...contentOf(message, { media, isGroup }),
    ...(message.replyTo && message.type !== 'reaction' ? { context: { message_id: message.replyTo.id } } : {}),
    // It comes back with every status, so that a reply is found whose answer was lost.
    biz_opaque_callback_data: id,
  }
}

/** They all begin so, as `capi_group` does in Base64: https://developers.facebook.com/documentation/business-messaging/whatsapp/groups */
const groupId = /^Y2FwaV9ncm91cD/

interface Circumstances {
  readonly media: MetaMedia | undefined
  readonly isGroup: boolean
}

function contentOf(message: OutboundMessage, { media, isGroup }: Circumstances): Record<string, unknown> {
  switch (message.type) {
    case 'text':
      return text(message.text)
    case 'image':
    case 'video':
    case 'sticker':
      return { type: message.type, [message.type]: { ...media, ...captionOf(message) } }
    case 'document':
      return { type: 'document', document: { ...media, ...captionOf(message), ...fileNameOf(message) } }
    case 'audio':
      // https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/audio-messages
      return { type: 'audio', audio: { ...media, ...(message.voice ? { voice: true } : {}) } }
    case 'location': {
      const { latitude, longitude, name, address } = message
      return { type: 'location', location: { latitude, longitude, ...given({ name, address }) } }
    }
    case 'contacts':
      return { type: 'contacts', contacts: message.contacts.map(cardOf) }
    case 'reaction':
      return { type: 'reaction', reaction: { message_id: message.to, emoji: message.emoji } }
    case 'template':
      return { type: 'template', template: templateOf(message) }
    case 'buttons':
    case 'list': {
      // Groups have neither.
      const interactive = isGroup ? undefined : renderInteractive(message)
      return interactive ? { type: 'interactive', interactive } : text(renderNumbered(message))
    }
  }
}

function text(body: string): Record<string, unknown> {
  return { type: 'text', text: { body, preview_url: false } }
}

function captionOf(message: OutboundMessage): Record<string, unknown> {
  return 'caption' in message && message.caption ? { caption: message.caption } : {}
}

function fileNameOf({ media }: Extract<OutboundMessage, { type: 'document' }>): Record<string, unknown> {
  return media.fileName ? { filename: media.fileName } : {}
}

type Card = Extract<OutboundMessage, { type: 'contacts' }>['contacts'][number]

function cardOf({ name, phones, emails }: Card): Record<string, unknown> {
  return {
    // Besides the whole name one of its parts is required.
    name: { formatted_name: name, first_name: name.trim().split(/\s+/)[0] || name },
    ...(phones.length > 0 ? { phones: phones.map(phoneOf) } : {}),
    ...(emails.length > 0 ? { emails: emails.map((email) => ({ email })) } : {}),
  }
}

/** With `wa_id` the card has a button that opens the chat. */
function phoneOf(phone: string): Record<string, unknown> {
  return phone.startsWith('+') ? { phone, wa_id: phone.replace(/\D/g, '') } : { phone }
}

function templateOf(message: Extract<OutboundMessage, { type: 'template' }>): Record<string, unknown> {
  const { name, language, parameters } = message
  const body = { type: 'body', parameters: parameters.map((parameter) => ({ type: 'text', text: oneLine(parameter) })) }
  return { name, language: { code: language }, ...(parameters.length > 0 ? { components: [body] } : {}) }
}

/** Error 132018: line breaks, tabs and more than four spaces are refused. */
function oneLine(parameter: string): string {
  return parameter.replace(/[\r\n\t]+| {5,}/g, ' ').trim()
}

function given(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => Boolean(field[1])))
}
