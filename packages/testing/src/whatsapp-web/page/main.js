import { addMessage, Chats, showChat } from './chats.js'
import { showContact } from './contacts.js'
import { createWid, MsgKey } from './ids.js'
import { fromWire, Msg } from './messages.js'
import { requireModule } from './modules.js'
import { showQr } from './pairing.js'
import { reactionFrom, showAck, showEdit, showRevocation } from './send.js'
import { listen, pageId, tell } from './server.js'
import { readToken, writeToken } from './session.js'
import { settings } from './settings.js'
import { becomes, Cmd, Socket } from './socket.js'
import { showView } from './view.js'

// The simulated page of WhatsApp Web: what the server tells becomes what a program sees in the page.

/** The number of the last message that this page has heard of. */
let heardUpTo
let tells = false

/** Tells the server what has arrived: what was on its way to a page that is gone is not lost. */
async function tellHeard() {
  if (tells) return
  tells = true
  // Several messages in one go are told of once.
  await new Promise((resolve) => setTimeout(resolve))
  tells = false
  tell('heard', { number: heardUpTo })
}

function show({ message, chat, contacts, isNew }) {
  for (const contact of contacts) showContact(contact)
  heardUpTo = Math.max(heardUpTo ?? 0, message.number)
  // Before the chat's own counters: who is told of an unread message looks for it.
  if (!Chats.get(chat.id)) showChat({ ...chat, unreadCount: 0 })
  addMessage(Object.assign(fromWire(message), { isNewMsg: isNew }))
  showChat(chat)
  void tellHeard()
}

function change({ id, attributes }) {
  Msg.get(id)?.set(attributes)
}

function reactions({ reaction }) {
  const one = reactionFrom({ ...reaction, by: createWid(reaction.by) })
  void requireModule('WAWebAddonReactionTableMode').reactionTableMode.bulkUpsert([one])
}

function votes({ vote }) {
  const { id, target, by, options, atMs } = vote
  const one = {
    id: new MsgKey(id),
    pollUpdateParentKey: Msg.get(target)?.id ?? MsgKey.fromString(target),
    author: createWid(by),
    selectedOptionLocalIds: options,
    senderTimestampMs: atMs,
    t: atMs,
  }
  void requireModule('WAWebAddonPollVoteTableMode').pollVoteTableMode.bulkUpsert([one])
}

/** Linked and online: what was missed first, then the state, then the sync. */
async function connected({ token, account, contacts, chats, messages }) {
  await writeToken(token)
  becomes(account)
  for (const contact of contacts) showContact(contact)
  for (const chat of chats) showChat(chat)
  heardUpTo = account.lastNumber
  // What a page has when it loads is there before anybody can look.
  addAll(messages.filter(({ isNew }) => !isNew))
  Socket.enter('CONNECTED')
  Cmd.trigger('offline_progress_update_from_bridge')
  Socket.sync()
  const missed = messages.filter(({ isNew }) => isNew)
  if (missed.length === 0) return void tellHeard()
  Msg.whenHeard(() => {
    addAll(missed)
    void tellHeard()
  })
}

function addAll(messages) {
  for (const { message, isNew } of messages) addMessage(Object.assign(fromWire(message), { isNewMsg: isNew }))
}

async function loggedOut({ first }) {
  await writeToken(undefined)
  if (first === 'state') Socket.enter('UNPAIRED')
  Cmd.trigger('logout')
  location.assign('/?post_logout=1&logout_reason=0')
}

/** Answers nobody until the server answers: the main thread stands still. */
function freeze() {
  const request = new XMLHttpRequest()
  request.open('POST', `/sim/call/frozen?page=${pageId}`, false)
  request.send('{}')
}

/** Only where V8 was started for it, as the arguments of the simulated WhatsApp Web do. */
const crash = () => new Function('%SystemBreak()')()

function toggleSynced() {
  Socket.set({ hasSynced: false })
  Socket.set({ hasSynced: true })
}

/** What the server may tell. Who answers with a promise holds up what comes after it. */
const events = {
  connected,
  unpaired({ ref }) {
    showQr(ref)
    Socket.enter('UNPAIRED')
  },
  qr: ({ ref }) => showQr(ref),
  state: ({ state }) => Socket.enter(state),
  message: show,
  chat: ({ chat }) => showChat(chat),
  change,
  ack: (value) => void showAck(value),
  edit: showEdit,
  revocation: showRevocation,
  reaction: reactions,
  vote: votes,
  contact: ({ contact }) => showContact(contact),
  'logged-out': loggedOut,
  freeze,
  crash,
  reload: () => location.reload(),
  'push-state': () => history.pushState({}, '', `/#${crypto.randomUUID()}`),
  'toggle-synced': toggleSynced,
}

let line = Promise.resolve()

function hear(name, value) {
  line = line.then(() => events[name](value)).catch((error) => tell('failed', { message: `${name}: ${error.stack}` }))
}

window.require = requireModule
if (!settings.noDebug) window.Debug = { VERSION: settings.version }
showView()
void listen({
  async address() {
    const token = (await readToken()) ?? ''
    return `/sim/events?${new URLSearchParams({ page: pageId, token, after: heardUpTo ?? '' })}`
  },
  onEvent: hear,
  onLost: () => Socket.state === 'CONNECTED' && Socket.enter('TIMEOUT'),
})
