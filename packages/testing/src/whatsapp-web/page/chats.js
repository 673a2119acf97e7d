import { Collection, Model } from './emitter.js'
import { createWid, plain } from './ids.js'
import { fromWire, Msg } from './messages.js'
import { call } from './server.js'
import { settings } from './settings.js'

// Chats, and the messages of each that the page keeps.

const messagesOf = new WeakMap()
const groupOf = new WeakMap()

export class GroupMetadata extends Model {
  serialize() {
    const participants = this.participants.map((one) => ({ ...one, id: plain(one.id) }))
    return { ...this, id: plain(this.id), participants }
  }
}

export class Chat extends Model {
  constructor({ group, ...attributes }) {
    super(attributes)
    messagesOf.set(this, new Collection())
    if (group) {
      const participants = group.members.map((id) => ({ id: createWid(id), isAdmin: false, isSuperAdmin: false }))
      groupOf.set(
        this,
        new GroupMetadata({
          id: this.id,
          subject: group.name,
          participants,
          announce: false,
          isLidAddressingMode: group.addressedBy === 'lid',
        }),
      )
    }
  }

  get msgs() {
    return messagesOf.get(this)
  }

  get groupMetadata() {
    return groupOf.get(this)
  }

  get formattedTitle() {
    return this.name
  }

  get lastReceivedKey() {
    return this.msgs.getModelsArray().at(-1)?.id
  }

  get mute() {
    return { expiration: 0 }
  }

  serialize() {
    const attributes = { ...this, id: plain(this.id) }
    // Programs look at how many there are, and ask for them in other ways.
    return { ...attributes, muteExpiration: 0, msgs: this.msgs.length > 0 ? [plain(this.lastReceivedKey)] : [] }
  }

  toJSON() {
    const { msgs: _msgs, ...rest } = this.serialize()
    return rest
  }
}

class ChatCollection extends Collection {
  async find(wid) {
    const found = this.get(wid) ?? (await findOrCreateLatestChat(createWid(wid))).chat
    return found
  }
}

export const Chats = new ChatCollection()

const attributesOf = ({ id: _id, group: _group, ...attributes }) => attributes

/** Makes the chat as the server tells it, or takes over what changed. */
export function showChat(wire) {
  const known = Chats.get(wire.id)
  if (!known) return Chats.add(new Chat({ ...wire, id: createWid(wire.id) }))
  known.set(attributesOf(wire))
  return known
}

/** Adds a message to its chat, unless it is there. The oldest ones of a chat leave the page when there are too many. */
export function addMessage(model) {
  const known = Msg.get(model.id)
  if (known) return known
  const chat = Chats.get(model.id.remote)
  chat?.msgs.add(model)
  while (chat && chat.msgs.length > settings.keepInPage) {
    const oldest = chat.msgs.first()
    chat.msgs.forget(oldest)
    Msg.forget(oldest)
  }
  return Msg.add(model)
}

/**
 * The chat with somebody, under the id that was used last: the number or the lid. Rejects with the page's own words for
 * whom WhatsApp does not know.
 */
export async function findOrCreateLatestChat(wid) {
  const { chat, created } = await call('chat', { id: String(wid) })
  if (!chat) throw new Error('No LID for user')
  return { chat: showChat(chat), created }
}

/** Brings what was said before the oldest message that the page has of this chat; nothing where there is no more. */
export async function loadEarlierMsgs({ chat }) {
  const oldest = chat.msgs.first()
  const { messages } = await call('earlier', { chat: String(chat.id), before: oldest && String(oldest.id) })
  const loaded = messages.map(fromWire)
  for (const model of [...loaded].reverse()) {
    // The chat first: who is told of the message may look for it there.
    chat.msgs.add(model, { atFront: true })
    Msg.add(model)
  }
  return loaded
}
