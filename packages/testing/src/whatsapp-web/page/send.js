import { addMessage, Chats } from './chats.js'
import { Emitter } from './emitter.js'
import { MsgKey } from './ids.js'
import { Message, Msg, toWire } from './messages.js'
import { callInOrder } from './server.js'
import { me, Socket } from './socket.js'

// What we say and do: messages, reactions, edits, revocations, and that somebody is typing.

/** Sends whose answer is awaited, by the id that the page made. An ack waits for them, as it does in WhatsApp. */
const underWay = new Map()

/**
 * Shows the message at once, with no ack, and sends it. Gives two promises as the page does: the first is resolved once the
 * message is queued, the second once WhatsApp has it.
 */
export function addAndSendMsgToChat(chat, attributes) {
  const { mediaBlob: _blob, renderableUrl: _url, ...rest } = attributes
  const author = chat.id.isGroup() ? { author: rest.id.participant } : {}
  const message = new Message({ ...rest, ...author })
  addMessage(message)
  chat.set({ t: message.t })
  const key = message.id.id
  const sent = callInOrder('send', { message: toWire(message) })
  underWay.set(key, sent)
  // Only after whoever waits for the promise has gone on.
  const done = () => setTimeout(() => underWay.delete(key))
  sent.then(done, done)
  const result = sent.then(({ filedAs }) => {
    if (filedAs) moveTo(filedAs, message)
    return { messageSendResult: 'OK', t: message.t, count: 1, isSuccess: true }
  })
  // Cut off, it is queued all the same.
  return [Socket.state === 'CONNECTED' ? result.then(() => message) : Promise.resolve(message), result]
}

/** The message turns up under the other id of the same person. */
function moveTo(filedAs, message) {
  Msg.forget(message)
  Chats.get(message.id.remote)?.msgs.forget(message)
  message.id = new MsgKey(filedAs)
  message.to = message.id.remote
  addMessage(message)
}

/** What became of a message of ours. */
export async function showAck({ id, ack }) {
  const sent = underWay.get(id.split('_')[2])
  if (sent) {
    await sent.catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve))
  }
  Msg.get(id)?.set({ ack })
}

export async function sendReactionToMsg(message, text) {
  await callInOrder('react', { id: String(message.id), text })
  message.set({ hasReaction: text !== '' })
  return { messageSendResult: 'OK' }
}

/** What changes in a message that is edited. */
const editedAttributes = (message, text) => ({
  [message.directPath ? 'caption' : 'body']: text,
  latestEditMsgKey: String(message.id),
  latestEditSenderTimestampMs: Date.now(),
})

export async function sendMessageEdit(message, text) {
  await callInOrder('edit', { id: String(message.id), text })
  showEdit({ id: String(message.id), text })
}

export function showEdit({ id, text }) {
  const message = Msg.get(id)
  message?.set(editedAttributes(message, text))
}

/** For everyone: the message stays as one that was taken back. */
export function showRevocation({ id }) {
  const message = Msg.get(id)
  if (!message) return
  const gone = { body: undefined, caption: undefined, directPath: undefined }
  // The type last: who hears of it must not see what was said.
  Object.assign(message, gone, { protocolMessageKey: String(message.id) })
  message.set({ type: 'revoked' })
}

export async function sendRevokeMsgs(_chat, { list }) {
  for (const message of list) {
    await callInOrder('revoke', { id: String(message.id) })
    showRevocation({ id: String(message.id) })
  }
}

/** For us only. */
export async function sendDeleteMsgs(chat, { list }) {
  for (const message of list) {
    chat.msgs.forget(message)
    Msg.remove(message)
  }
}

/** Somebody reacted to a message of this page. */
export function reactionFrom({ id, target, text, atMs, by }) {
  const message = Msg.get(target)
  message?.set({ hasReaction: text !== '' })
  const key = new MsgKey(id)
  return {
    id: key,
    reactionParentKey: message?.id ?? MsgKey.fromString(target),
    reactionText: text,
    reactionTimestamp: atMs,
    author: by,
    orphan: 0,
    read: false,
    ack: 2,
  }
}

export async function sendSeen({ chat }) {
  void callInOrder('seen', { chat: String(chat.id) })
  chat.set({ unreadCount: 0 })
}

/** Hears what we are doing in a chat: `typing`, `recording`, `paused`. */
export const doings = new Emitter()

const chatState = (type) => (wid) => {
  doings.trigger('change', String(wid), type)
  void callInOrder('activity', { type, chat: String(wid) })
}

export const chatStates = {
  sendChatStateComposing: chatState('typing'),
  sendChatStateRecording: chatState('recording'),
  sendChatStatePaused: chatState('paused'),
}

export const presence = {
  sendPresenceAvailable: () => void callInOrder('activity', { type: 'available' }),
  sendPresenceUnavailable: () => void callInOrder('activity', { type: 'unavailable' }),
}

export const capabilities = {
  canSenderRevokeMsg: ({ id }) => id.fromMe,
  canAdminRevokeMsg: () => false,
  canStarMsg: () => false,
  canEditText: ({ id, type }) => id.fromMe && type === 'chat',
  canEditCaption: ({ id, directPath }) => id.fromMe && directPath !== undefined,
}

/** Who writes: our number, or our lid where the other one knows us by it. */
export const ownWids = { getMaybeMePnUser: () => me.phone, getMaybeMeLidUser: () => me.lid }
