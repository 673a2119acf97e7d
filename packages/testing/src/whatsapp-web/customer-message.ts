import type { Account } from './account.ts'
import { textOfKey, type WireKey, type WireMessage } from './wire.ts'

/** A file that a customer sends. */
export interface WebFile {
  readonly bytes: Uint8Array
  readonly mimeType: string
  readonly fileName?: string
  /** In whole seconds, of audio and video. */
  readonly durationS?: number
}

/** What a customer sends, or the owner on the phone. */
export interface WebMessage {
  /** The chat as the page knows it: `15550001234@c.us`, `77@lid`, `1203@g.us`. */
  readonly chat: string
  /** Who writes, in a group. */
  readonly author?: string
  /** The name that the sender gave himself. */
  readonly name?: string
  /** WhatsApp Web's own: `chat` (default), `image`, `video`, `audio`, `ptt`, `document`, `sticker`, `location`, `vcard`, ... */
  readonly type?: string
  /** The caption, where there is a file. */
  readonly text?: string
  readonly media?: WebFile
  readonly location?: {
    readonly latitude: number
    readonly longitude: number
    readonly name?: string
    readonly address?: string
    readonly url?: string
  }
  /** Contacts as vCards: one makes a `vcard`, more a `multi_vcard`. */
  readonly vcards?: readonly string[]
  readonly poll?: { readonly name: string; readonly options: readonly string[] }
  /** The id of the message that this one answers. */
  readonly quotes?: string
  /** Ids of people that the text names. */
  readonly mentions?: readonly string[]
  /** Default now. */
  readonly sentAtMs?: number
  /** Whether the chat counts it as unread. Default true. */
  readonly unread?: boolean
  /** Whether programs are told of it. Default true; with false it is history. */
  readonly isNew?: boolean
  /** More attributes of the page's message, as they are. */
  readonly attributes?: Readonly<Record<string, unknown>>
}

type NewMessage = Omit<WireMessage, 'number'> & { readonly id: WireKey }

/** A message of the account out of what somebody wrote. */
export function messageOf(message: WebMessage, fromMe: boolean, account: Account): NewMessage {
  const isGroup = message.chat.endsWith('@g.us')
  const me = (message.author ?? message.chat).endsWith('@lid') ? account.lid : account.phone
  const author = isGroup ? (fromMe ? me : message.author) : undefined
  if (isGroup && !author) throw new Error('[whatsapp-web] Expected `author`: somebody writes in a group.')
  const sender = account.personWith(author ?? message.chat, fromMe ? undefined : message.name)
  const key = { fromMe, remote: message.chat, id: account.nextId(), ...(author ? { participant: author } : {}) }
  return {
    id: key,
    type: message.type ?? 'chat',
    t: Math.floor((message.sentAtMs ?? Date.now()) / 1000),
    from: fromMe ? me : message.chat,
    to: fromMe ? message.chat : me,
    ...(author ? { author } : {}),
    ack: 1,
    notifyName: fromMe ? account.name : (sender.pushname ?? sender.name ?? ''),
    ...contentOf(message, account),
    ...(message.quotes ? quotationOf(message.quotes, account) : {}),
    ...(message.mentions ? { mentionedJidList: message.mentions } : {}),
    ...message.attributes,
  }
}

function contentOf(message: WebMessage, account: Account): Partial<NewMessage> {
  const { media, location, vcards, poll, text } = message
  if (media) return { type: typeOf(media), ...typed(message), ...fileOf(media, account), ...caption(text) }
  if (location) {
    const { latitude: lat, longitude: lng, name, address, url } = location
    const lines = [name, address].filter((line) => line !== undefined)
    const loc = lines.length > 0 ? { loc: lines.join('\n') } : {}
    return { type: 'location', lat, lng, ...loc, ...(url ? { clientUrl: url } : {}) }
  }
  if (vcards?.[0] !== undefined) return cardsOf(vcards as readonly [string, ...string[]])
  if (poll) {
    const pollOptions = poll.options.map((name, localId) => ({ name, localId }))
    return { type: 'poll_creation', pollName: poll.name, pollOptions, pollSelectableOptionsCount: 1 }
  }
  return text === undefined ? {} : { body: text }
}

const typed = ({ type }: WebMessage) => (type ? { type } : {})
const caption = (text: string | undefined) => (text === undefined ? {} : { caption: text })

function typeOf({ mimeType }: WebFile): string {
  const kind = mimeType.split('/')[0] ?? ''
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'document'
}

function fileOf({ bytes, mimeType, fileName, durationS }: WebFile, account: Account): Partial<NewMessage> {
  return {
    directPath: account.keepFile(Buffer.from(bytes), mimeType),
    mimetype: mimeType,
    size: bytes.byteLength,
    mediaKey: 'a2V5',
    filehash: 'aGFzaA==',
    encFilehash: 'ZW5j',
    // The page keeps a preview here, and the caption beside it.
    body: '/9j/4AAQ',
    ...(fileName === undefined ? {} : { filename: fileName }),
    // A text, as in the page.
    ...(durationS === undefined ? {} : { duration: String(durationS) }),
  }
}

function cardsOf(vcards: readonly [string, ...string[]]): Partial<NewMessage> {
  const nameOf = (vcard: string) => /^FN:(.*)$/m.exec(vcard)?.[1]?.trim() ?? ''
  if (vcards.length === 1) return { type: 'vcard', body: vcards[0], vcardFormattedName: nameOf(vcards[0]) }
  return { type: 'multi_vcard', vcardList: vcards.map((vcard) => ({ displayName: nameOf(vcard), vcard })) }
}

function quotationOf(id: string, account: Account): Partial<NewMessage> {
  const quoted = account.message(id)
  if (!quoted) throw new Error(`[whatsapp-web] There is no message with the id ${JSON.stringify(id)} to quote.`)
  const { type, body, caption: words } = quoted
  return {
    quotedMsg: { type, ...(body === undefined ? {} : { body }), ...(words === undefined ? {} : { caption: words }) },
    quotedStanzaID: quoted.id.id,
    quotedParticipant: quoted.author ?? quoted.from,
    quotedMsgKey: textOfKey(quoted.id),
  }
}
