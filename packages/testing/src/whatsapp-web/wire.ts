/** The key of a message. In groups it also names who wrote it. */
export interface WireKey {
  readonly fromMe: boolean
  /** The chat. */
  readonly remote: string
  readonly id: string
  readonly participant?: string
}

/** A message as server and page tell it each other: WhatsApp Web's own names, ids as texts. */
export interface WireMessage {
  readonly id: WireKey
  /** The n-th message of the account. */
  readonly number: number
  readonly type: string
  /** When it was written, in seconds since 1970. */
  readonly t: number
  readonly from: string
  readonly to: string
  readonly author?: string
  readonly ack?: number
  readonly body?: string | undefined
  readonly caption?: string | undefined
  readonly notifyName?: string
  readonly directPath?: string | undefined
  readonly mimetype?: string
  readonly filename?: string
  readonly quotedMsgKey?: string
  readonly mentionedJidList?: readonly string[]
  readonly lat?: number
  readonly lng?: number
  readonly loc?: string
  readonly vcardList?: readonly { readonly vcard: string }[]
  readonly pollName?: string
  readonly pollOptions?: readonly { readonly name: string }[]
  /** It raises no event, whenever a page hears of it. */
  readonly history?: boolean
  readonly [name: string]: unknown
}

/** A chat as the page is told it. */
export interface WireChat {
  readonly id: string
  readonly name: string
  readonly unreadCount: number
  /** When something was said last, in seconds since 1970. */
  readonly t: number
  readonly archive: boolean
  readonly group?: { readonly name: string; readonly members: readonly string[]; readonly addressedBy: 'phone' | 'lid' }
}

/** A person as the page is told it: once under each id. */
export interface WireContact {
  readonly id: string
  readonly phone?: string
  readonly lid?: string
  readonly name?: string
  readonly pushname?: string
  /** Whether the page knows that lid and number belong together; else it has to ask. */
  readonly pairKnown: boolean
}

/** The text of a key, as it is seen everywhere. */
export const textOfKey = ({ fromMe, remote, id, participant }: WireKey): string =>
  [fromMe, remote, id, ...(participant ? [participant] : [])].join('_')
