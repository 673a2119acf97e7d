import { randomBytes } from 'node:crypto'
import { textOfKey, type WireChat, type WireContact, type WireKey, type WireMessage } from './wire.ts'

/** A person. At least one of the two ids is there. */
export interface Person {
  readonly phone?: string
  readonly lid?: string
  readonly name?: string
  readonly pushname?: string
  /** Whether the page knows that lid and number belong together before it asks. */
  readonly pairKnown: boolean
}

interface ChatRecord {
  wire: WireChat
  readonly messages: WireMessage[]
}

/** What WhatsApp knows of an account: people, chats, messages and files, in memory, whatever browsers come and go. */
export class Account {
  readonly phone: string
  readonly lid: string
  readonly name: string
  /** The number of the last message. */
  lastNumber = 0
  readonly #people = new Map<string, Person>()
  readonly #chats = new Map<string, ChatRecord>()
  readonly #messages = new Map<string, WireMessage>()
  readonly #files = new Map<string, { readonly bytes: Buffer; readonly mimeType: string }>()
  readonly #keepMessages: number
  // Two accounts must never make the same id.
  readonly #prefix = randomBytes(6).toString('hex').toUpperCase()
  #ids = 0

  constructor(options: { phone: string; lid: string; name: string; keepMessages: number }) {
    this.phone = `${options.phone}@c.us`
    this.lid = options.lid
    this.name = options.name
    this.#keepMessages = options.keepMessages
  }

  /** A new id; with `3A` it looks as if it came from a phone. */
  nextId(prefix = '3A'): string {
    this.#ids += 1
    return `${prefix}${this.#prefix}${this.#ids.toString(16).toUpperCase().padStart(8, '0')}`
  }

  // People

  addPerson(person: Person): void {
    for (const id of idsOf(person)) this.#people.set(id, person)
  }

  person(id: string): Person | undefined {
    return this.#people.get(id)
  }

  contacts(): WireContact[] {
    return [...new Set(this.#people.values())].flatMap(contactsOf)
  }

  /** Whoever this is; somebody new where nobody is known under this id. */
  personWith(id: string, pushname?: string): Person {
    const known = this.#people.get(id)
    if (known && (pushname === undefined || known.pushname === pushname)) return known
    const person = {
      ...(known ?? (id.endsWith('@lid') ? { lid: id } : { phone: id })),
      pairKnown: known?.pairKnown ?? true,
    }
    const named = pushname === undefined ? person : { ...person, pushname }
    this.addPerson(named)
    return named
  }

  // Chats

  chats(): WireChat[] {
    return [...this.#chats.values()].map(({ wire }) => wire)
  }

  chat(id: string): WireChat | undefined {
    return this.#chats.get(id)?.wire
  }

  changeChat(id: string, changes: Partial<Omit<WireChat, 'id'>>): WireChat {
    const record = this.#chats.get(id)
    const before = record?.wire ?? { id, name: this.#titleOf(id), unreadCount: 0, t: 0, archive: false }
    const wire = { ...before, ...changes }
    if (record) record.wire = wire
    else this.#chats.set(id, { wire, messages: [] })
    return wire
  }

  /** The chat with a person, under the id that was used last. */
  latestChatWith(id: string): WireChat | undefined {
    const person = this.person(id)
    const found = (person ? idsOf(person) : [id]).flatMap((one) => this.chat(one) ?? [])
    return found.sort((one, other) => other.t - one.t)[0]
  }

  #titleOf(id: string): string {
    const person = this.#people.get(id)
    return person?.name ?? person?.pushname ?? id.replace(/^(\d+)@c\.us$/, '+$1')
  }

  // Messages

  add(message: Omit<WireMessage, 'number'> & { readonly id: WireKey }): WireMessage {
    this.lastNumber += 1
    const numbered = { ...message, number: this.lastNumber } as WireMessage
    const chat = message.id.remote
    this.changeChat(chat, { t: Math.max(numbered.t, this.chat(chat)?.t ?? 0) })
    const messages = this.messagesOf(chat)
    messages.push(numbered)
    this.#messages.set(textOfKey(message.id), numbered)
    if (messages.length > this.#keepMessages) this.#drop(messages.shift())
    return numbered
  }

  /** The messages of a chat, oldest first. */
  messagesOf(chat: string): WireMessage[] {
    return this.#chats.get(chat)?.messages ?? []
  }

  message(id: string): WireMessage | undefined {
    return this.#messages.get(id)
  }

  /** Changes a message that is there, and gives it. */
  change(id: string, changes: Partial<WireMessage>): WireMessage {
    const before = this.#messages.get(id)
    if (!before) throw new Error(`[whatsapp-web] There is no message with the id ${JSON.stringify(id)} any more.`)
    const after = { ...before, ...changes } as WireMessage
    this.#messages.set(id, after)
    const messages = this.messagesOf(before.id.remote)
    messages[messages.indexOf(before)] = after
    return after
  }

  #drop(message: WireMessage | undefined): void {
    if (!message) return
    this.#messages.delete(textOfKey(message.id))
    if (message.directPath) this.#files.delete(message.directPath)
  }

  // Files

  keepFile(bytes: Buffer, mimeType: string): string {
    const path = `/v/t62/${this.nextId('')}`
    this.#files.set(path, { bytes, mimeType })
    return path
  }

  file(path: string): { readonly bytes: Buffer; readonly mimeType: string } | undefined {
    return this.#files.get(path)
  }
}

const idsOf = ({ phone, lid }: Person): string[] => [phone, lid].filter((id) => id !== undefined)

/** A person under each of its ids. */
export const contactsOf = (person: Person): WireContact[] => idsOf(person).map((id) => ({ id, ...person }))
