import { randomInt } from 'node:crypto'
import { contactsOf } from './account.ts'
import type { PageConnection } from './pages.ts'
import { sentOf } from './sent-message.ts'
import type { PageActivity, Simulation } from './simulation.ts'
import { textOfKey, type WireKey, type WireMessage } from './wire.ts'

/** How many messages a page is given that asks for earlier ones. */
const earlierAtOnce = 20
const codeLetters = '123456789ABCDEFGHJKLMNPQRSTVWXYZ'

/** What a page may ask, by name. The page is ours, so its values are trusted. */
type Calls = Readonly<Record<string, (value: never, page: PageConnection | undefined) => unknown>>

/** Answers one call of a page. */
export function answerCalls(simulation: Simulation) {
  const calls: Calls = {
    ...connectionCalls(simulation),
    ...lookingCalls(simulation),
    ...sendingCalls(simulation),
  }
  return async (name: string, { page, value }: { readonly page: string; readonly value: unknown }) => {
    const call = calls[name]
    if (!call) throw new Error(`The page asked for "${name}", which the server does not know.`)
    return call(value as never, simulation.pages.get(page))
  }
}

const connectionCalls = (simulation: Simulation): Calls => ({
  state({ state }: { state: string }, page) {
    if (page) page.state = state
    simulation.waiting.changed()
  },
  heard({ number }: { number: number }) {
    simulation.heardUpTo = Math.max(simulation.heardUpTo, number)
  },
  'qr-read'(_value, page) {
    if (page) page.qrRead = true
    simulation.waiting.changed()
  },
  'refresh-qr': () => simulation.newRef(),
  code() {
    const letters = Array.from({ length: 8 }, () => codeLetters.charAt(randomInt(codeLetters.length)))
    simulation.pairingCode = letters.join('')
    simulation.waiting.changed()
    return { code: simulation.pairingCode }
  },
  reconnect: (_value, page) => page && simulation.resume(page),
  takeover: (_value, page) => page?.send('state', { state: 'CONNECTED' }),
  logout(_value, page) {
    if (!page) return
    simulation.unlink(page.token)
    page.linked = false
  },
  missing({ name }: { name: string }) {
    simulation.missingModules.add(name)
  },
  failed({ message }: { message: string }) {
    simulation.failures.push(message)
  },
  /** Is answered once the page may go on. */
  async frozen() {
    simulation.frozen = true
    simulation.waiting.changed()
    await simulation.waiting.until('thaw()', () => (simulation.frozen ? undefined : true), forever)
  },
})

const forever = { timeoutMs: Number.POSITIVE_INFINITY }

const lookingCalls = ({ account, switches }: Simulation): Calls => ({
  messages: ({ ids }: { ids: string[] }) => ({ messages: ids.flatMap((id) => account.message(id) ?? []) }),
  earlier({ chat, before }: { chat: string; before?: string }) {
    const messages = account.messagesOf(chat)
    const oldest = before === undefined ? undefined : account.message(before)
    const end = oldest ? messages.indexOf(oldest) : messages.length
    return { messages: messages.slice(Math.max(0, end - earlierAtOnce), end) }
  },
  chat({ id }: { id: string }) {
    const known = account.latestChatWith(id)
    if (known) return { chat: known, created: false }
    if (id.endsWith('@g.us') || (switches.unknownNumber && !account.person(id))) return {}
    account.personWith(id)
    return { chat: account.changeChat(id, {}), created: true }
  },
  exists({ id }: { id: string }) {
    const person = account.person(id)
    if (!person && switches.unknownNumber) return {}
    return { contact: contactsOf(person ?? account.personWith(id))[0] }
  },
})

/** What is left of a message that was taken back. */
export const revoked = { type: 'revoked', body: undefined, caption: undefined, directPath: undefined }

type Outgoing = Omit<WireMessage, 'number'> & { readonly id: WireKey }

const sendingCalls = (simulation: Simulation): Calls => ({
  async send({ message }: { message: Outgoing }, page) {
    const { account, switches } = simulation
    await simulation.waiting.until('sendStalls to be off', () => (switches.sendStalls ? undefined : true), forever)
    // A page that was cut off asks again.
    if (switches.sendsVanish || account.message(textOfKey(message.id))) return {}
    const filedAs = switches.siblingSends ? siblingOf(message.id, simulation) : undefined
    const wire = account.add({ ...message, id: filedAs ?? message.id, isNewMsg: undefined })
    simulation.deliver(wire, { isNew: true, ...(page ? { except: page.id } : {}) })
    simulation.recordSent(sentOf(wire, account))
    const id = textOfKey(wire.id)
    for (let ack = 1; ack <= simulation.autoAck; ack += 1) showAck(simulation, { id, ack })
    return { filedAs }
  },
  react: ({ id, text }: { id: string; text: string }) => record(simulation, { id, type: 'reaction', text }),
  edit({ id, text }: { id: string; text: string }, page) {
    const { directPath } = simulation.account.change(id, {})
    simulation.account.change(id, directPath ? { caption: text } : { body: text })
    simulation.broadcast('edit', { id, text }, page?.id)
    record(simulation, { id, type: 'edit', text })
  },
  revoke({ id }: { id: string }, page) {
    simulation.account.change(id, revoked)
    simulation.broadcast('revocation', { id }, page?.id)
    record(simulation, { id, type: 'revoke', text: '' })
  },
  seen({ chat }: { chat: string }, page) {
    const changed = simulation.account.changeChat(chat, { unreadCount: 0 })
    simulation.broadcast('chat', { chat: changed }, page?.id)
    simulation.recordActivity({ type: 'seen', chat, atMs: Date.now() })
  },
  activity(value: Omit<PageActivity, 'atMs'>) {
    simulation.recordActivity({ ...value, atMs: Date.now() })
  },
  resend({ ids }: { ids: string[] }) {
    for (const id of ids) {
      const chat = simulation.account.message(id)?.id.remote
      simulation.recordActivity({ type: 'resend', ...(chat === undefined ? {} : { chat }), atMs: Date.now() })
    }
  },
})

/** What became of a message of ours: kept, and told to the pages. */
export function showAck(simulation: Simulation, { id, ack }: { readonly id: string; readonly ack: number }): void {
  simulation.account.change(id, { ack })
  simulation.tell('ack', { id, ack })
}

function record(simulation: Simulation, what: { readonly id: string; readonly type: string; readonly text: string }) {
  const chat = simulation.account.message(what.id)?.id.remote ?? ''
  simulation.recordSent({ ...what, chat, mentions: [], vcards: [], atMs: Date.now() })
}

/** The key under the other id of the same person. */
function siblingOf(key: WireKey, { account }: Simulation): WireKey | undefined {
  const person = account.person(key.remote)
  const remote = key.remote === person?.phone ? person.lid : person?.phone
  return remote === undefined ? undefined : { ...key, remote }
}
