import { createHash } from 'node:crypto'

/** The key of a message as WhatsApp Web hands it out. Since July 2026 `_serialized` is missing. */
export interface MessageKey {
  readonly fromMe: boolean
  readonly remote: string | { readonly _serialized?: string | undefined }
  readonly id: string
  readonly participant?: string | { readonly _serialized?: string | undefined } | undefined
  readonly _serialized?: string | undefined
}

/** What is longer is none: the engine takes no such ids. */
const longestId = 500

/** A WhatsApp id as text, however it is written. */
export function textOfId(id: unknown): string | undefined {
  const text = typeof id === 'object' && id !== null && '_serialized' in id ? id._serialized : id
  return typeof text === 'string' && text !== '' && text.length <= longestId ? text : undefined
}

/** The id of a message as WhatsApp Web itself writes it: `false_15550001111@c.us_3EB0...`, in groups with the author behind. */
export function serializedKey(key: MessageKey): string {
  const known = textOfId(key)
  if (known !== undefined) return known
  const parts = [String(key.fromMe), textOfId(key.remote) ?? '', key.id, textOfId(key.participant)]
  return parts.filter((part) => part !== undefined).join('_')
}

/**
 * Completes the ids of what the library made, so that its own methods find the message again: it looks for
 * `id._serialized` everywhere.
 */
export function completeIds<Model extends { id: MessageKey }>(model: Model): Model {
  if (typeof model.id._serialized !== 'string') model.id = { ...model.id, _serialized: serializedKey(model.id) }
  return model
}

type Channel = { readonly tenant: string; readonly channel: string }

/** So many ids a reply may use up: what WhatsApp has refused stays in the chat under its id. */
const variants = 4

/**
 * The ids that WhatsApp may know a reply by, in this order. The same reply has the same ones at every attempt: it can be found
 * again after a crash, and where it was sent twice it is one message. The shape is that of WhatsApp Web's own ids: `3EB0` and
 * 18 digits, here 12 of the reply, one that counts, and 5 by which we know our own.
 */
export function messageIdsOf(reply: Channel & { readonly id: string }): readonly [string, ...string[]] {
  const { tenant, channel, id } = reply
  const digits = hexOf([tenant, channel, id], 12)
  const ofVariant = (variant: number) => `3EB0${digits}${variant}${proofOf(reply, `${digits}${variant}`)}`
  const others = Array.from({ length: variants - 1 }, (_, index) => ofVariant(index + 1))
  return [ofVariant(0), ...others]
}

/** Whether a reply of this channel has this id, whoever sent it and however long ago. */
export function isOurs(channel: Channel, shortId: string): boolean {
  const { digits, proof } = /^3EB0(?<digits>[0-9A-F]{13})(?<proof>[0-9A-F]{5})$/.exec(shortId)?.groups ?? {}
  return digits !== undefined && proof === proofOf(channel, digits)
}

function proofOf({ tenant, channel }: Channel, digits: string): string {
  return hexOf([tenant, channel, 'proof', digits], 5)
}

function hexOf(values: readonly string[], length: number): string {
  const hash = createHash('sha256').update(JSON.stringify(values))
  return hash.digest('hex').slice(0, length).toUpperCase()
}

export function isGroup(chat: string): boolean {
  return chat.endsWith('@g.us')
}

/** Whether a chat is no conversation with customers: a status of a contact, a channel. */
export function isBroadcast(chat: string): boolean {
  return chat.endsWith('@broadcast') || chat.endsWith('@newsletter')
}
