import { randomBytes } from 'node:crypto'
import { type Account, contactsOf } from './account.ts'
import type { PageConnection } from './pages.ts'
import type { SentMessage } from './sent-message.ts'
import { makeSwitches, type WhatsAppWebSwitches } from './switches.ts'
import { Waiting } from './waiting.ts'
import type { WireMessage } from './wire.ts'

/** Something that the page did besides sending. */
export interface PageActivity {
  readonly type: 'seen' | 'typing' | 'recording' | 'paused' | 'available' | 'unavailable' | 'resend'
  /** Absent for our own presence. */
  readonly chat?: string
  readonly atMs: number
}

/** How a simulation is made. */
export interface SimulationOptions {
  readonly account: Account
  readonly switches: Partial<WhatsAppWebSwitches>
  readonly pair: 'at-once' | 'by-test'
  readonly autoAck: 0 | 1 | 2 | 3
  readonly keepSent: number
}

/** How many of the page's doings are remembered. */
const keepActivity = 1000

/** Which pages there are, who is linked, and what was said: the part that both the pages and the test look at. */
export class Simulation {
  readonly account: Account
  readonly switches: WhatsAppWebSwitches
  readonly waiting = new Waiting()
  readonly pages = new Map<string, PageConnection>()
  readonly sent: SentMessage[] = []
  readonly activity: PageActivity[] = []
  readonly missingModules = new Set<string>()
  readonly failures: string[] = []
  autoAck: 0 | 1 | 2 | 3
  loads = 0
  reachable = true
  frozen = false
  /** Which QR pages show. */
  ref = newSecret()
  pairingCode: string | undefined
  #linksAtOnce: boolean
  readonly #keepSent: number
  readonly #sessions = new Set<string>()
  /** What changed while no page could hear it. */
  readonly #untold: { readonly name: string; readonly value: unknown }[] = []
  /** The number of the last message that some page says it has. */
  heardUpTo = 0

  constructor(options: SimulationOptions) {
    this.account = options.account
    this.autoAck = options.autoAck
    this.#keepSent = options.keepSent
    this.#linksAtOnce = options.pair === 'at-once'
    this.switches = makeSwitches(options.switches, () => this.#switched())
  }

  // Pages

  connect(page: PageConnection): void {
    if (page.after === undefined) this.loads += 1
    this.pages.set(page.id, page)
    if (!this.switches.stuckOpening) this.#greet(page)
    this.waiting.changed()
  }

  disconnect(page: PageConnection): void {
    // A page that has connected again is another one under the same id.
    if (this.pages.get(page.id) === page) this.pages.delete(page.id)
    this.waiting.changed()
  }

  broadcast(name: string, value: unknown, except?: string): void {
    for (const page of this.pages.values()) if (page.linked && page.id !== except) page.send(name, value)
  }

  /** The page that a person looks at: the one that came last. */
  lastPage(): PageConnection | undefined {
    return [...this.pages.values()].at(-1)
  }

  #greet(page: PageConnection): void {
    if (this.#sessions.has(page.token)) this.#welcome(page)
    else if (this.#linksAtOnce) this.link(page)
    else page.send('unpaired', { ref: this.ref })
  }

  #switched(): void {
    if (!this.switches.stuckOpening) {
      for (const page of this.pages.values()) if (page.state === 'OPENING' && !page.linked) this.#greet(page)
    }
    this.waiting.changed()
  }

  // Linking

  /** Links the browser of this page to the account: it gets a session. */
  link(page: PageConnection): void {
    page.token = newSecret()
    this.#sessions.add(page.token)
    this.#welcome(page)
  }

  /** Tells a linked page who it is and what it has not heard yet. */
  #welcome(page: PageConnection): void {
    page.linked = true
    const { account } = this
    page.send('connected', {
      token: page.token,
      account: { phone: account.phone, lid: account.lid, name: account.name, lastNumber: account.lastNumber },
      contacts: account.contacts(),
      chats: account.chats(),
      messages: this.#unheardBy(page),
    })
    // A page that has just loaded sees it in the messages.
    if (page.after !== undefined) for (const { name, value } of this.#untold) page.send(name, value)
    this.#untold.length = 0
    page.after = account.lastNumber
  }

  #unheardBy({ after }: PageConnection): unknown[] {
    const { account, switches } = this
    const newSince = after ?? (switches.backlogIsNew ? this.heardUpTo : Number.POSITIVE_INFINITY)
    const found = account.chats().flatMap(({ id }) => {
      const messages = account.messagesOf(id)
      // A page that has just loaded has the last message of each chat, and asks for what was before.
      const shown = after === undefined ? messages.slice(-1) : []
      const unheard = messages.filter(({ number }) => number > newSince)
      return [...new Set([...shown, ...unheard])]
    })
    const isNew = ({ number, history }: WireMessage) => number > newSince && history !== true
    return found.sort((one, other) => one.number - other.number).map((message) => ({ message, isNew: isNew(message) }))
  }

  /** Connects a page anew that has lost what was kept back from it. */
  resume(page: PageConnection): void {
    if (page.linked && !this.switches.silent) this.#welcome(page)
  }

  /** Ends one session or all: from now on only a new QR helps. */
  unlink(token?: string): void {
    this.#linksAtOnce = false
    if (token === undefined) this.#sessions.clear()
    else this.#sessions.delete(token)
    this.newRef()
  }

  newRef(): void {
    this.ref = newSecret()
    for (const page of this.pages.values()) if (!page.linked) page.send('qr', { ref: this.ref })
  }

  // Messages

  /** Brings a message to the pages, or keeps it for later. */
  deliver(message: WireMessage, { isNew, except }: { readonly isNew: boolean; readonly except?: string }): void {
    if (this.switches.silent) return
    const { remote, participant } = message.id
    const chat = this.account.chat(remote)
    const contacts = [remote, participant].flatMap((id) => {
      const person = id === undefined ? undefined : this.account.person(id)
      return person ? contactsOf(person) : []
    })
    for (const page of this.pages.values()) {
      if (!page.linked || page.id === except) continue
      page.send('message', { message, chat, contacts, isNew })
      page.after = message.number
    }
  }

  /** Tells the pages what changed in a message, as soon as they can hear it. */
  tell(name: string, value: unknown): void {
    if (this.switches.silent || !this.reachable) this.#untold.push({ name, value })
    else this.broadcast(name, value)
  }

  recordSent(message: SentMessage): void {
    this.sent.push(message)
    if (this.sent.length > this.#keepSent) this.sent.splice(0, this.sent.length - this.#keepSent)
    this.waiting.changed()
  }

  recordActivity(activity: PageActivity): void {
    this.activity.push(activity)
    if (this.activity.length > keepActivity) this.activity.shift()
    this.waiting.changed()
  }
}

export const newSecret = (): string => randomBytes(16).toString('base64url')
