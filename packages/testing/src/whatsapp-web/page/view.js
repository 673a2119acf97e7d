import { Chats, loadEarlierMsgs } from './chats.js'
import { Contacts } from './contacts.js'
import { Msg } from './messages.js'
import { doings } from './send.js'
import { Conn, me, Socket } from './socket.js'

// What a person sees: how to link the browser, or the chats. It only looks; no program needs it.

/** Drawn at most this often: programs may bring thousands of messages. */
const drawEveryMs = 250
const shownChats = 12
const shownMessages = 30

const at = (selector) => document.querySelector(selector)

/** An element with a class, text and children; what is absent is left out. */
function element(name, { className, text, ...properties } = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  made.append(...children.filter(Boolean))
  return made
}

/** Looks like a QR and is none: nobody can link a phone to a simulation. */
function pictureOf(ref) {
  const side = 29
  const canvas = element('canvas', { width: side, height: side })
  const pen = canvas.getContext('2d')
  let seed = [...ref].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7)
  for (let cell = 0; cell < side * side; cell += 1) {
    seed = (seed * 1664525 + 1013904223) >>> 0
    if (seed >>> 31) pen.fillRect(cell % side, Math.floor(cell / side), 1, 1)
  }
  const corners = [[0, 0], [side - 7, 0], [0, side - 7]] // biome-ignore format: a table
  for (const [x, y] of corners) {
    pen.clearRect(x - 1, y - 1, 9, 9)
    pen.fillRect(x, y, 7, 7)
    pen.clearRect(x + 1, y + 1, 5, 5)
    pen.fillRect(x + 2, y + 2, 3, 3)
  }
  return canvas
}

const linking = () =>
  element('section', { className: 'link' }, [
    pictureOf(Conn.ref),
    element('div', {}, [
      element('h1', { text: 'Link a device' }),
      element('p', { text: 'No phone is needed: the test that started this page scans the code.' }),
      element('p', { text: 'await web.scanQr()' }),
    ]),
  ])

const nameOf = (wid) => Contacts.get(wid)?.formattedName ?? wid.user
const timeOf = (message) => new Date(message.t * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
const ticks = { '-1': '!', 0: '◷', 1: '✓', 2: '✓✓', 3: '✓✓' }
const doing = new Map()
/** When something was last said in a chat, as a count: seconds are too coarse to sort by. */
const saidLast = new Map()
/** The chat that a person has clicked on. */
let chosen

function wordsOf(message) {
  if (message.type === 'revoked') return 'This message was deleted'
  if (message.type === 'location') return `◉ ${message.loc ?? `${message.lat}, ${message.lng}`}`
  if (message.type === 'vcard') return `☎ ${message.vcardFormattedName ?? ''}`
  if (message.type === 'poll_creation') return `☰ ${message.pollName}`
  return (message.directPath ? message.caption : message.body) ?? (message.directPath ? '' : `(${message.type})`)
}

function fileOf(message) {
  if (!message.directPath) return undefined
  const path = `/sim/media?path=${encodeURIComponent(message.directPath)}`
  if (message.type === 'image' || message.type === 'sticker') return element('img', { src: path, alt: message.type })
  const names = { audio: '♪ audio', ptt: '♪ voice message', video: '▶ video' }
  return element('span', { className: 'file', text: names[message.type] ?? `▤ ${message.filename ?? 'document'}` })
}

function bubbleOf(message) {
  const { fromMe, participant } = message.id
  const quoted = message.quotedMsg && (message.quotedMsg.body ?? message.quotedMsg.caption ?? message.quotedMsg.type)
  return element('article', { className: fromMe ? 'bubble ours' : 'bubble' }, [
    participant && !fromMe && element('b', { text: nameOf(participant) }),
    quoted && element('q', { text: quoted }),
    fileOf(message),
    wordsOf(message),
    element('small', {
      className: message.ack === 3 ? 'read' : '',
      text: `${timeOf(message)} ${fromMe ? (ticks[message.ack] ?? '') : ''}`,
    }),
  ])
}

function entryOf(chat, isOpen) {
  const last = chat.msgs.getModelsArray().at(-1)
  const choose = () => {
    chosen = String(chat.id)
    void loadEarlierMsgs({ chat })
    draw()
  }
  return element('article', { className: isOpen ? 'chat open' : 'chat', onclick: choose }, [
    element('i', { text: chat.formattedTitle.replace(/^\+/, '').slice(0, 1).toUpperCase() }),
    element('b', { text: chat.formattedTitle }),
    element('small', { text: last ? timeOf(last) : '' }),
    element('span', { text: last ? wordsOf(last) || last.type : '' }),
    chat.unreadCount > 0 && element('em', { text: chat.unreadCount }),
  ])
}

function chatting() {
  const orderOf = (chat) => saidLast.get(String(chat.id)) ?? 0
  const chats = Chats.getModelsArray().sort((one, other) => orderOf(other) - orderOf(one))
  const open = Chats.get(chosen) ?? chats[0]
  if (!open) return element('p', { className: 'wait', text: 'No chats yet.' })
  const list = chats.slice(0, shownChats).map((chat) => entryOf(chat, chat === open))
  const bubbles = open.msgs.getModelsArray().slice(-shownMessages).map(bubbleOf)
  const now = doing.get(String(open.id))
  return element('section', { className: 'chats' }, [
    element('nav', { className: 'list' }, list),
    element('section', { className: 'talk' }, [
      element('h2', { text: open.formattedTitle }, [now && element('small', { text: `you are ${now} …` })]),
      element('section', { className: 'bubbles' }, bubbles),
    ]),
  ])
}

function draw() {
  at('#state').textContent = Socket.state
  at('#account').textContent = me.phone ? `${Conn.pushname} · +${me.phone.user}` : ''
  const unpaired = Socket.state === 'UNPAIRED' || Socket.state === 'UNPAIRED_IDLE'
  if (unpaired && Conn.ref) at('#view').replaceChildren(linking())
  else if (me.phone) at('#view').replaceChildren(chatting())
  else at('#view').replaceChildren(element('p', { className: 'wait', text: 'Connecting …' }))
}

let planned = false

function drawSoon() {
  if (planned) return
  planned = true
  setTimeout(() => {
    planned = false
    draw()
  }, drawEveryMs)
}

/** Draws the page, now and whenever something changes. It listens to everything, so that nobody takes it for a program. */
export function showView() {
  for (const one of [Socket, Conn, Msg, Chats, Contacts]) one.on('all', drawSoon)
  doings.on('change', (chat, type) => {
    if (type === 'paused') doing.delete(chat)
    else doing.set(chat, type)
    drawSoon()
  })
  let count = 0
  Msg.on('all', (name, message) => {
    if (name !== 'add') return
    const chat = String(message.id.remote)
    if (message.id.fromMe) doing.delete(chat)
    // Not what is loaded of former times.
    if (Chats.get(chat)?.msgs.getModelsArray().at(-1) !== message) return
    count += 1
    saidLast.set(chat, count)
  })
  draw()
}
