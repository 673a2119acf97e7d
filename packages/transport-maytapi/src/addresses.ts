import type { InboundMessageInput } from '@wa-agent/core'
import type { MaytapiEvent, MaytapiMessage } from './payloads.ts'

/** Where a message belongs and who wrote it. */
export type Addresses = Pick<InboundMessageInput, 'chat' | 'from' | 'fromMe' | 'isGroup'>

/**
 * Who and where. Ids stay as Maytapi writes them, except that a chat that is only known by its LID (WhatsApp's id that
 * hides the number) is named by the number where the event tells it: that is how Maytapi documents `to_number`.
 * `undefined` where nothing names the chat.
 */
export function addressesOf(event: MaytapiEvent, message: MaytapiMessage): Addresses | undefined {
  const serialized = message._serialized ?? message.id ?? ''
  const fromMe = message.fromMe ?? serialized.startsWith('true_')
  const [serializedChat, ...others] = serialized.split('_').filter((part) => part.includes('@'))
  const base = event.conversation || serializedChat || (fromMe ? '' : event.user?.id)
  if (fromMe) return base ? { chat: base, isGroup: isGroup(base), fromMe, from: ourselves(event) } : undefined
  const known = [event.user?.id, base, ...(base && isGroup(base) ? others : [serializedChat, ...others])]
  const phone = phoneOf(event, known)
  const lid = known.find((id) => id?.endsWith('@lid'))
  const chat = !base || base.endsWith('@lid') ? (phone ?? base) : base
  const id = event.user?.id || (chat && isGroup(chat) ? (others.at(-1) ?? phone) : chat)
  if (!chat || !id) return undefined
  const aliases = [
    ...(phone === undefined ? [] : [{ kind: 'phone' as const, value: phone }]),
    ...(lid === undefined ? [] : [{ kind: 'lid' as const, value: lid }]),
  ]
  const name = event.user?.name
  return { chat, isGroup: isGroup(chat), fromMe, from: { id, aliases, ...(name ? { name } : {}) } }
}

/** The chat of a conversation whose name may be a bare number: E.164 has at most 15 digits. */
export function chatOf(conversation: string): string {
  return /^\+?\d{5,15}$/.test(conversation) ? `${digitsOf(conversation)}@c.us` : conversation
}

/** Whether a chat is no conversation with customers: a status of a contact, a channel. */
export function isBroadcast(chat: string): boolean {
  return chat.endsWith('@broadcast') || chat.endsWith('@newsletter')
}

function isGroup(chat: string): boolean {
  return chat.endsWith('@g.us')
}

/** The sender's number as Maytapi writes it as a chat. With LIDs our own number stands in its place: that tells nothing. */
function phoneOf(event: MaytapiEvent, known: readonly (string | undefined)[]): string | undefined {
  const own = event.receiver === undefined ? undefined : digitsOf(event.receiver)
  const told = digitsOf(event.user?.phone ?? '')
  const candidates = [told === '' ? undefined : `${told}@c.us`, ...known]
  return candidates.find((id) => id?.endsWith('@c.us') && digitsOf(id) !== own)
}

function ourselves({ receiver }: MaytapiEvent): { id: string } {
  return { id: receiver ? `${digitsOf(receiver)}@c.us` : 'me' }
}

function digitsOf(phone: string): string {
  return (phone.split('@')[0] ?? '').replace(/\D/g, '')
}
