import type { Account } from './account.ts'
import { textOfKey, type WireMessage } from './wire.ts'

/** Something that the page was asked to send. */
export interface SentMessage {
  /** The text of its key. A reaction, an edit and a revocation have the id of the message that they are about. */
  readonly id: string
  readonly chat: string
  /** WhatsApp Web's own type, or `reaction`, `edit`, `revoke`. */
  readonly type: string
  /** The text, the caption, the emoji ('' takes a reaction back), or what an edit puts in place. */
  readonly text: string
  readonly media?: { readonly bytes: Uint8Array; readonly mimeType: string; readonly fileName?: string }
  /** The id of the message that it quotes. */
  readonly quotedId?: string
  /** Ids of people. */
  readonly mentions: readonly string[]
  readonly location?: { readonly latitude: number; readonly longitude: number; readonly description?: string }
  readonly vcards: readonly string[]
  readonly poll?: { readonly name: string; readonly options: readonly string[] }
  /** When the server got it, in milliseconds since 1970. */
  readonly atMs: number
}

/** What the account was told is what a test sees. */
export function sentOf(message: WireMessage, account: Account): SentMessage {
  const { type, body, caption, lat, lng, loc, pollName, pollOptions = [] } = message
  const file = message.directPath === undefined ? undefined : account.file(message.directPath)
  const isCard = type === 'vcard' || type === 'multi_vcard'
  return {
    id: textOfKey(message.id),
    chat: message.id.remote,
    type,
    text: (file ? caption : isCard ? undefined : body) ?? '',
    ...(file ? { media: { bytes: file.bytes, mimeType: file.mimeType, ...nameOf(message) } } : {}),
    ...(message.quotedMsgKey === undefined ? {} : { quotedId: message.quotedMsgKey }),
    mentions: message.mentionedJidList ?? [],
    ...(lat === undefined || lng === undefined
      ? {}
      : { location: { latitude: lat, longitude: lng, ...(loc ? { description: loc } : {}) } }),
    vcards: type === 'vcard' ? [body ?? ''] : (message.vcardList ?? []).map(({ vcard }) => vcard),
    ...(pollName === undefined ? {} : { poll: { name: pollName, options: pollOptions.map(({ name }) => name) } }),
    atMs: Date.now(),
  }
}

const nameOf = ({ filename }: WireMessage) => (filename === undefined ? {} : { fileName: filename })
