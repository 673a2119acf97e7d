import { Collection, Model } from './emitter.js'
import { createWid, MsgKey, plain, Wid, widOrNothing } from './ids.js'
import { call, download } from './server.js'

// Messages: as the server tells them (ids are texts), as the page has them (ids are objects), as programs are given them.

/** What a message knows beyond its attributes. Apart, so that serializing a message does not carry it along. */
const mediaOf = new WeakMap()

export class Message extends Model {
  constructor(attributes) {
    super(attributes)
    if (this.directPath) mediaOf.set(this, { mediaStage: 'NEED_POKE', type: this.type })
  }

  get mediaData() {
    return mediaOf.get(this)
  }

  get mediaObject() {
    return mediaOf.get(this)
  }

  get isNotification() {
    return ['e2e_notification', 'notification_template', 'gp2', 'call_log'].includes(this.type)
  }

  unsafe() {
    return this
  }

  canReply() {
    return !this.isNotification && this.type !== 'revoked'
  }

  /** What a reply says of the message that it quotes. */
  msgContextInfo(chat) {
    const elsewhere = String(chat.id) === String(this.id.remote) ? {} : { quotedRemoteJid: this.id.remote }
    return {
      quotedMsg: { type: this.type, body: this.body, caption: this.caption },
      quotedStanzaID: this.id.id,
      quotedParticipant: this.author ?? this.from,
      quotedMsgKey: String(this.id),
      ...elsewhere,
    }
  }

  async downloadMedia() {
    const media = this.mediaData
    media.mediaStage = 'FETCHING'
    try {
      await download(this.directPath)
      media.mediaStage = 'RESOLVED'
    } catch {
      media.mediaStage = 'ERROR_MISSING'
    }
  }

  serialize() {
    return Object.fromEntries(Object.entries(this).map(([name, value]) => [name, plain(value)]))
  }
}

class MessageCollection extends Collection {
  modelClass = Message
  #waiting = []

  heard(name) {
    if (name !== 'add') return
    for (const start of this.#waiting.splice(0)) setTimeout(start)
  }

  /** Calls back once somebody listens for messages. */
  whenHeard(start) {
    if (this.listens('add')) start()
    else this.#waiting.push(start)
  }

  /** Asks the server for what the page no longer has or never had. */
  async getMessagesById(ids) {
    const { messages } = await call('messages', { ids: ids.map(String) })
    return { messages: messages.map((wire) => this.get(keyOf(wire)) ?? fromWire(wire)) }
  }
}

export const Msg = new MessageCollection()

const keyOf = (wire) => String(new MsgKey(wire.id))

/** Names of attributes that are ids of people or chats. */
const wids = new Set(['from', 'to', 'author', 'quotedParticipant', 'quotedRemoteJid'])

const fromWireValue = (name, value) => {
  if (name === 'id') return new MsgKey(value)
  if (wids.has(name)) return widOrNothing(value)
  if (name === 'mentionedJidList') return value.map(createWid)
  return value
}

/** A message of the page from what the server tells. */
export function fromWire(wire) {
  return new Message(
    Object.fromEntries(Object.entries(wire).map(([name, value]) => [name, fromWireValue(name, value)])),
  )
}

/** What the server is told: JSON with ids as texts. Only what WhatsApp would carry, no state of the page. */
export function toWire(message) {
  const { local: _local, self: _self, ...rest } = message
  return JSON.parse(JSON.stringify(rest, wireValue))
}

function wireValue(name, value) {
  if (value instanceof Wid) return String(value)
  if (value instanceof MsgKey) {
    return { fromMe: value.fromMe, remote: value.remote, id: value.id, participant: value.participant }
  }
  if (value instanceof Uint8Array) return [...value]
  if (typeof value === 'function' || name === 'mediaBlob') return undefined
  return value
}
