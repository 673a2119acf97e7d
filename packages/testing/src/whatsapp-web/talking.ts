import { contactsOf } from './account.ts'
import { revoked, showAck } from './calls.ts'
import { messageOf, type WebMessage } from './customer-message.ts'
import type { SentMessage } from './sent-message.ts'
import type { PageActivity, Simulation } from './simulation.ts'
import type { WaitOptions } from './waiting.ts'
import { textOfKey, type WireKey } from './wire.ts'

/** A person on WhatsApp. */
export interface WebContact {
  /** `15550001234`, with or without `@c.us`. */
  readonly phone?: string
  /** `77@lid`, with or without `@lid`. */
  readonly lid?: string
  /** As the owner saved it. */
  readonly name?: string
  /** As the person calls itself. */
  readonly pushname?: string
  /** Whether the page knows that lid and number belong together before it asks for it. Default true. */
  readonly pairKnown?: boolean
}

/** A group. */
export interface WebGroup {
  /** `1203@g.us`, with or without `@g.us`. */
  readonly id: string
  readonly name: string
  /** Ids of people, each with its `@c.us` or `@lid`. */
  readonly members: readonly string[]
  /** By which ids its members are known. Default `phone`. */
  readonly addressedBy?: 'phone' | 'lid'
}

/** What people say and do, and what the page was asked to say and do. */
export interface Talking {
  /** Makes a person known; gives its ids as the page has them. */
  addContact(contact: WebContact): { readonly phone?: string; readonly lid?: string }
  /** Makes a group; gives its id. */
  addGroup(group: WebGroup): string
  /**
   * Somebody writes to us: the message appears on every page that is linked and connected. Where none is, it is unread
   * history for the next one. Gives its id.
   */
  receive(message: WebMessage): string
  /** The owner writes on the phone, and has read what was unread in the chat. Gives the id. */
  ownerWrites(message: WebMessage): string
  /** A message is edited by who wrote it. */
  edit(id: string, text: string): void
  /** A message is taken back by who wrote it. */
  revoke(id: string): void
  /** Somebody reacts to a message, by default the other one of the chat; '' takes it back. */
  react(id: string, emoji: string, by?: string): void
  /** Somebody votes in a poll, by the names of the options. */
  vote(id: string, options: readonly string[], by?: string): void
  /** A `ciphertext` turns out to be this text. */
  decrypt(id: string, text: string): void
  /** What became of a message of ours: 1 sent, 2 delivered, 3 read, -1 failed. */
  ack(id: string, ack: 1 | 2 | 3 | -1): void
  /** What the page was asked to send, oldest first. Only the last ones are kept, see `keepSent`. */
  readonly sent: readonly SentMessage[]
  /** Forgets what was sent. */
  clearSent(): void
  /** The first sent message that matches and that no call of `nextSent` has given before; waits for it. */
  nextSent(matches?: (message: SentMessage) => boolean, options?: WaitOptions): Promise<SentMessage>
  /** What the page did besides: `seen`, `typing`, `recording`, `paused`, `available`, `unavailable`, `resend`. The last 1,000. */
  readonly activity: readonly PageActivity[]
  /** The first activity that matches and that no call of `nextActivity` has given before; waits for it. */
  nextActivity(matches?: (activity: PageActivity) => boolean, options?: WaitOptions): Promise<PageActivity>
}

/** Binds these to a simulation. */
export function talking(simulation: Simulation): Talking {
  return { ...people(simulation), ...saying(simulation), ...changing(simulation), ...looking(simulation) }
}

const withServer = (id: string, server: string): string => (id.includes('@') ? id : `${id}@${server}`)

function people(simulation: Simulation): Pick<Talking, 'addContact' | 'addGroup'> {
  const { account } = simulation
  return {
    addContact({ phone, lid, pairKnown = true, ...names }) {
      if (!phone && !lid) throw new Error('[whatsapp-web] Expected `phone` or `lid`, got neither.')
      const ids = {
        ...(phone ? { phone: withServer(phone, 'c.us') } : {}),
        ...(lid ? { lid: withServer(lid, 'lid') } : {}),
      }
      const person = { ...ids, ...names, pairKnown }
      account.addPerson(person)
      for (const contact of contactsOf(person)) simulation.broadcast('contact', { contact })
      return ids
    },
    addGroup({ id, name, members, addressedBy = 'phone' }) {
      const group = { name, members, addressedBy }
      const chat = account.changeChat(withServer(id, 'g.us'), { name, group })
      simulation.broadcast('chat', { chat })
      return chat.id
    },
  }
}

function saying(simulation: Simulation): Pick<Talking, 'receive' | 'ownerWrites'> {
  const { account } = simulation
  const add = (message: WebMessage, fromMe: boolean): string => {
    const { isNew = true, unread = true } = message
    const wire = account.add({ ...messageOf(message, fromMe, account), ...(isNew ? {} : { history: true }) })
    const { unreadCount = 0 } = account.chat(message.chat) ?? {}
    // Who writes has read.
    account.changeChat(message.chat, { unreadCount: fromMe ? 0 : unreadCount + (unread ? 1 : 0) })
    simulation.deliver(wire, { isNew })
    return textOfKey(wire.id)
  }
  return { receive: (message) => add(message, false), ownerWrites: (message) => add(message, true) }
}

function changing(simulation: Simulation): Pick<Talking, 'edit' | 'revoke' | 'react' | 'vote' | 'decrypt' | 'ack'> {
  const { account } = simulation
  /** What somebody does to a message: under a key of its own. */
  const about = (id: string, given?: string) => {
    const { remote, participant } = account.change(id, {}).id
    const by = given ?? participant ?? remote
    const isGroup = remote.endsWith('@g.us')
    const key: WireKey = { fromMe: false, remote, id: account.nextId(), ...(isGroup ? { participant: by } : {}) }
    return { id: key, target: id, by, atMs: Date.now() }
  }
  return {
    edit(id, text) {
      const { directPath } = account.change(id, {})
      account.change(id, directPath ? { caption: text } : { body: text })
      simulation.tell('edit', { id, text })
    },
    revoke(id) {
      account.change(id, revoked)
      simulation.tell('revocation', { id })
    },
    react: (id, emoji, by) => simulation.tell('reaction', { reaction: { ...about(id, by), text: emoji } }),
    vote(id, options, by) {
      const named = account.change(id, {}).pollOptions ?? []
      const chosen = options.map((option) => named.findIndex(({ name }) => name === option))
      simulation.tell('vote', { vote: { ...about(id, by), options: chosen } })
    },
    decrypt(id, text) {
      account.change(id, { type: 'chat', body: text })
      simulation.tell('change', { id, attributes: { type: 'chat', body: text } })
    },
    ack: (id, ack) => showAck(simulation, { id, ack }),
  }
}

function looking(
  simulation: Simulation,
): Pick<Talking, 'sent' | 'clearSent' | 'nextSent' | 'activity' | 'nextActivity'> {
  const { sent, activity, waiting } = simulation
  const given = new WeakSet<object>()
  const next = <T extends object>(list: readonly T[], matches: (one: T) => boolean) => {
    const found = list.find((one) => !given.has(one) && matches(one))
    if (found) given.add(found)
    return found
  }
  return {
    sent,
    clearSent: () => void sent.splice(0),
    nextSent: (matches = () => true, options) =>
      waiting.until('a message that the page sends', () => next(sent, matches), options),
    activity,
    nextActivity: (matches = () => true, options) =>
      waiting.until('something that the page does', () => next(activity, matches), options),
  }
}
