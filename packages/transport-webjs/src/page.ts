import type { LeftMessage, PageChat, PageMessage, PageWindow } from './page-types.ts'

// These functions run in the page: Puppeteer takes their source text there. So each stands alone, uses nothing of this file,
// and is neither minified nor given helpers by the build.

declare const window: PageWindow

/**
 * Gives the keys of messages their `_serialized` back, which WhatsApp Web renamed in July 2026 and without which the library
 * finds no message. The text is found by what it says, not by what the field is called. Gives whether there was need.
 */
export function repairIds(): boolean {
  const keys = window.require('WAWebMsgKey')
  const remote = window.require('WAWebWidFactory').createWid('15550000000@c.us')
  const probe = new keys({ fromMe: true, remote, id: 'PROBE' })
  if (typeof probe._serialized === 'string') return false
  const expected = `true_${remote._serialized}_PROBE`
  const field = Object.entries(probe).find(([, value]) => value === expected)?.[0]
  Object.defineProperty(keys.prototype, '_serialized', {
    configurable: true,
    get(this: Record<string, unknown> & { remote: unknown; participant?: unknown }) {
      if (field !== undefined) return this[field]
      const textOf = (wid: unknown) => String((wid as { _serialized?: string })._serialized ?? wid)
      const author = this.participant ? `_${textOf(this.participant)}` : ''
      return `${this['fromMe']}_${textOf(this.remote)}_${this['id']}${author}`
    },
  })
  return true
}

/**
 * Lets us choose the ids of what we send, and remembers what has left. Gives whether the ids are ours.
 */
export function takeOverSending(): boolean {
  if (window.waAgentLeft) return true
  const left = new Map<string, LeftMessage>()
  try {
    const actions = window.require('WAWebSendMsgChatAction')
    const keys = window.require('WAWebMsgKey')
    const send = actions.addAndSendMsgToChat
    const ours: typeof send = (chat, message) => {
      const { waAgentIds: [name, ...others] = [] } = message
      delete message.waAgentIds
      if (name === undefined) return send.call(actions, chat, message)
      const { Msg } = window.require('WAWebCollections')
      for (const id of [name, ...others]) {
        const { participant } = message.id
        const key = new keys({ from: message.from, to: chat.id, id, participant, selfDir: 'out' })
        const known = Msg.get(key._serialized)
        // What was refused for good stays in the chat under its id: the next one needs another.
        if (known?.ack === -1) continue
        const entry: LeftMessage = known ? { key, message: known } : { key }
        left.set(name, entry)
        for (const old of left.keys()) if (left.size > 500) left.delete(old)
        if (known) return [Promise.resolve(known), Promise.resolve()]
        message.id = key
        const [queued, sent] = send.call(actions, chat, message)
        const remembered = queued.then((model) => {
          if (model) entry.message = model
          return model
        })
        return [remembered, sent]
      }
      throw new Error('WhatsApp has refused it too often')
    }
    actions.addAndSendMsgToChat = ours
    if (actions.addAndSendMsgToChat !== ours) return false
  } catch {
    return false
  }
  window.waAgentLeft = left
  return true
}

/** What has left: the whole key, and the short id in it. */
export interface Left {
  readonly key: string
  readonly id: string
  readonly ack: number
}

/**
 * What became of a message by the first of its ids: `unknown` where this page has not been taken over, so that it may have
 * left under another.
 */
export function whatLeft(name: string): Left | 'not-left' | 'unknown' {
  if (!window.waAgentLeft) return 'unknown'
  const entry = window.waAgentLeft.get(name)
  if (!entry) return 'not-left'
  const message = entry.message ?? window.require('WAWebCollections').Msg.get(entry.key._serialized)
  const key = message?.id ?? entry.key
  return { key: key._serialized, id: key.id, ack: message?.ack ?? 0 }
}

/** Says what the library would have said, had it heard of the end of the synchronisation. Gives whether there was need. */
export function wake(): boolean {
  const { hasSynced } = window.require('WAWebSocketModel').Socket
  if (!hasSynced || window.WWebJS || !window.onAppStateHasSyncedEvent) return false
  window.onAppStateHasSyncedEvent()
  return true
}

/** Which of these modules this page does not have: WhatsApp renames them now and then. */
export function missingModules(names: readonly string[]): string[] {
  return names.filter((name) => {
    try {
      return !(window.require as (name: string) => unknown)(name)
    } catch {
      return true
    }
  })
}

/** A round trip to the page, with what it says of itself. */
export function pulse(): { readonly state: string; readonly newest?: { readonly id: string; readonly t: number } } {
  const state = window.require('WAWebSocketModel').Socket.state ?? 'UNKNOWN'
  let newest: { id: string; t: number } | undefined
  try {
    for (const chat of window.require('WAWebCollections').Chat.getModelsArray()) {
      const last = chat.msgs.getModelsArray().findLast(({ id, isNotification }) => !id.fromMe && !isNotification)
      if (last && (!newest || last.t > newest.t)) newest = { id: last.id.id, t: last.t }
    }
  } catch {
    // A page that has changed still lives.
  }
  return newest ? { state, newest } : { state }
}

/**
 * A round trip to WhatsApp itself, which is asked whether it knows us. Rejects, or never ends, where it cannot be reached;
 * gives `false` where this page has no way to ask.
 */
export async function reachWhatsApp(): Promise<boolean> {
  let ask: (() => Promise<unknown>) | undefined
  try {
    const { getMaybeMePnUser, getMaybeMeLidUser } = window.require('WAWebUserPrefsMeUser')
    const me = getMaybeMePnUser() ?? getMaybeMeLidUser()
    const { queryWidExists } = window.require('WAWebQueryExistsJob')
    if (me && typeof queryWidExists === 'function') ask = () => queryWidExists(me)
  } catch {
    return false
  }
  await ask?.()
  return ask !== undefined
}

/** Who we are, by phone and by LID. */
export function ownIds(): string[] {
  const { getMaybeMePnUser, getMaybeMeLidUser } = window.require('WAWebUserPrefsMeUser')
  return [getMaybeMePnUser(), getMaybeMeLidUser()].flatMap((wid) => (wid ? [wid._serialized] : []))
}

/** Both ids of a person, as far as the page knows them; asks nobody. */
export function bothIds(id: string): { readonly phone?: string; readonly lid?: string } {
  const contacts = window.require('WAWebApiContact')
  const wid = window.require('WAWebWidFactory').createWid(id)
  const isLid = id.endsWith('@lid')
  const other = isLid ? contacts.getPhoneNumber(wid) : contacts.getCurrentLid(wid)
  const [phone, lid] = isLid ? [other?._serialized, id] : [id, other?._serialized]
  return { ...(phone ? { phone } : {}), ...(lid ? { lid } : {}) }
}

/** Shows or ends that somebody writes. */
export async function showTyping({
  chat,
  state,
}: {
  readonly chat: string
  readonly state: 'typing' | 'stop'
}): Promise<void> {
  await window.WWebJS?.sendChatstate(state, chat)
}

/** What is in an order. */
export async function orderDetail(order: { readonly id: string; readonly token: string; readonly chat: string }) {
  return window.WWebJS?.getOrderDetail(order.id, order.token, order.chat)
}

/** Chats in which something was said since then or something is unread, the latest first. */
export function recentChats(which: {
  readonly sinceS: number
  readonly most: number
  readonly groups: boolean
}): string[] {
  const chats = window.require('WAWebCollections').Chat.getModelsArray()
  const isWanted = (id: string) => /@(?:c\.us|lid)$/.test(id) || (which.groups && id.endsWith('@g.us'))
  return chats
    .filter(({ t = 0, unreadCount = 0 }) => t >= which.sinceS || unreadCount > 0)
    .sort((a, b) => (b.t ?? 0) - (a.t ?? 0))
    .map(({ id }) => id._serialized)
    .filter(isWanted)
    .slice(0, which.most)
}

/** What was said in a chat since then, the oldest first; loads what the page does not have. */
export async function messagesSince(which: {
  readonly chat: string
  readonly sinceS: number
  readonly most: number
}): Promise<Record<string, unknown>[]> {
  const wid = window.require('WAWebWidFactory').createWid(which.chat)
  const chat: PageChat | undefined = window.require('WAWebCollections').Chat.get(wid)
  if (!chat) return []
  const since = () => chat.msgs.getModelsArray().filter((one) => !one.isNotification && one.t >= which.sinceS)
  for (;;) {
    const all = chat.msgs.getModelsArray()
    const reachesBack = all.some(({ t }) => t < which.sinceS)
    if (reachesBack || since().length >= which.most) break
    const earlier = await window.require('WAWebChatLoadMessages').loadEarlierMsgs({ chat })
    // A page may answer with what it has already.
    if (!earlier || earlier.length === 0 || chat.msgs.getModelsArray().length === all.length) break
  }
  const models = since().sort((a, b) => a.t - b.t)
  const page = window.WWebJS
  const modelOf = (one: PageMessage) => {
    try {
      return page?.getMessageModel(one) ?? {}
    } catch {
      // What the library cannot read is somebody's message all the same, and no reason to miss the others.
      const { id, type, t, body, caption } = one
      const { fromMe, remote, participant } = id
      return { id: { fromMe, remote, id: id.id, participant, _serialized: id._serialized }, type, t, body, caption }
    }
  }
  return page ? models.slice(-which.most).map(modelOf) : []
}

/** A message of ours as it is found again. */
export interface OwnMessage {
  /** The whole key. */
  readonly key: string
  /** The short id in it. */
  readonly id: string
  readonly ack: number
  readonly type: string
  readonly text: string
  /** Seconds since 1970. */
  readonly t: number
}

/** The last messages of ours to somebody, under whichever of his ids; the newest first. */
export async function lastOwnMessages(which: {
  readonly chats: readonly string[]
  readonly most: number
}): Promise<OwnMessage[]> {
  const own: PageMessage[] = []
  for (const id of which.chats) {
    const wid = window.require('WAWebWidFactory').createWid(id)
    const chat: PageChat | undefined = window.require('WAWebCollections').Chat.get(wid)
    if (!chat) continue
    const ofUs = () => chat.msgs.getModelsArray().filter((one) => one.id.fromMe && !one.isNotification)
    while (ofUs().length < which.most) {
      const before = chat.msgs.getModelsArray().length
      const earlier = await window.require('WAWebChatLoadMessages').loadEarlierMsgs({ chat })
      if (!earlier || earlier.length === 0 || chat.msgs.getModelsArray().length === before) break
    }
    own.push(...ofUs())
  }
  const newest = own.sort((a, b) => b.t - a.t).slice(0, which.most)
  return newest.map(({ id, ack = 0, type, body = '', caption = '', t }) => {
    return { key: id._serialized, id: id.id, ack, type, text: caption || (type === 'chat' ? body : ''), t }
  })
}
