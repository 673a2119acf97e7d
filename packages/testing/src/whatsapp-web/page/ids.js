import { settings } from './settings.js'

// Ids of people and chats (wids), and keys of messages.

/** `15550001234@c.us`, `77@lid`, `12036300000@g.us`. */
export class Wid {
  constructor(serialized) {
    const [user, server] = serialized.split('@')
    this.server = server
    this.user = user
    this._serialized = serialized
  }

  isLid() {
    return this.server === 'lid'
  }

  isGroup() {
    return this.server === 'g.us'
  }

  isUser() {
    return this.server === 'c.us' || this.server === 'lid'
  }

  isStatus() {
    return this._serialized === 'status@broadcast'
  }

  isBroadcast() {
    return this.server === 'broadcast'
  }

  isNewsletter() {
    return this.server === 'newsletter'
  }

  equals(other) {
    return String(other) === this._serialized
  }

  toString() {
    return this._serialized
  }

  toJid() {
    return this._serialized.replace(/@c\.us$/, '@s.whatsapp.net')
  }
}

const servers = /^[\w.:-]+@(?:c\.us|s\.whatsapp\.net|lid|g\.us|broadcast|newsletter|bot)$/

/** Takes a text or anything that looks like a wid. Throws as the page does for what is none. */
export function createWid(like) {
  const text = typeof like === 'string' ? like : like?._serialized
  if (typeof text !== 'string' || !servers.test(text)) throw new Error('wid error: invalid wid')
  return new Wid(text.replace(/@s\.whatsapp\.net$/, '@c.us'))
}

/** A wid of what may be absent. */
export const widOrNothing = (like) => (like ? createWid(like) : undefined)

/**
 * The key of a message, `false_15550001234@c.us_3A01`. The text is in `_serialized`; pages from July 2026 on keep it
 * under a minified name, which the switch `minifiedKey` shows.
 */
export class MsgKey {
  constructor({ fromMe, remote, from, to, id, participant, selfDir }) {
    this.fromMe = fromMe ?? selfDir === 'out'
    this.remote = createWid(remote ?? (this.fromMe ? to : from))
    this.id = id
    if (participant) this.participant = createWid(participant)
    const parts = [this.fromMe, this.remote, this.id, ...(this.participant ? [this.participant] : [])]
    this[settings.minifiedKey ? '$1' : '_serialized'] = parts.join('_')
  }

  static fromString(text) {
    const [fromMe, remote, id, participant] = text.split('_')
    return new MsgKey({ fromMe: fromMe === 'true', remote, id, participant })
  }

  static async newId() {
    return newId()
  }

  equals(other) {
    return String(other) === String(this)
  }

  toString() {
    return this.$1 ?? this._serialized
  }
}

/** As web clients make them. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  return `3EB0${[...bytes].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')}`
}

/** What `serialize` makes of ids: plain objects, unless the page hands out its own (`rawSerialize`). */
export function plain(value) {
  if (settings.rawSerialize) return value
  if (value instanceof Wid) return { ...value }
  if (value instanceof MsgKey) {
    const participant = value.participant && { participant: { ...value.participant } }
    const serialized = value._serialized && { _serialized: value._serialized }
    return { ...value, remote: { ...value.remote }, ...participant, ...serialized }
  }
  if (Array.isArray(value)) return value.map(plain)
  return value
}
