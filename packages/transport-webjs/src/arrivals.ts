import {
  type Clock,
  type DeliveryStatus,
  type DeliveryUpdate,
  type InboundMessageInput,
  type Logger,
  type TransportHost,
  WaAgentError,
} from '@wa-agent/core'
import { Contacts } from './contacts.ts'
import { Handover } from './handover.ts'
import { isOurs, serializedKey } from './ids.ts'
import { type InboundContext, type ParsedMessage, parseRawMessage, parseReaction } from './inbound.ts'
import type { Settings } from './options.ts'
import type { OwnMessages } from './own-messages.ts'
import { bothIds, messagesSince, orderDetail, recentChats } from './page.ts'
import { orderSchema, rawMessageSchema } from './raw-message.ts'
import type { Session } from './session.ts'

export interface ArrivalsOptions {
  readonly host: TransportHost
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly own: OwnMessages
  readonly session: () => Session | undefined
}

const mostHeard = 2000
/** What comes by itself waits for what was missed before it, but no longer than this. */
const heldBackMs = 20_000

const statuses: ReadonlyMap<number, DeliveryStatus> = new Map([
  [-1, 'failed'],
  [1, 'sent'],
  [2, 'delivered'],
  [3, 'read'],
  [4, 'read'],
])

/** Everything that comes from WhatsApp: messages and acks, as they come and as they are fetched afterwards. */
export class Arrivals {
  readonly #options: ArrivalsOptions
  readonly #contacts = new Contacts()
  readonly #messages: Handover<InboundMessageInput>
  readonly #updates: Handover<DeliveryUpdate>
  readonly #heard = new Set<string>()
  /** Resolves once what was missed is in: what has come since is newer. Absent where nothing was missed. */
  #held: PromiseWithResolvers<void> | undefined = Promise.withResolvers()
  #cancelHolding: (() => void) | undefined

  constructor(options: ArrivalsOptions) {
    this.#options = options
    const { host, clock, logger, random } = options
    const common = { clock, logger, random }
    this.#messages = new Handover({ ...common, what: 'a message', hand: (items) => host.receive(items) })
    this.#updates = new Handover({ ...common, what: 'a status', hand: (items) => host.track(items) })
  }

  /** From now on something may be missed: what comes waits for the next catch-up. */
  disconnected(): void {
    this.#cancelHolding?.()
    this.#held ??= Promise.withResolvers()
  }

  /** A catch-up is about to come. */
  connected(): void {
    this.#cancelHolding?.()
    if (this.#held) this.#cancelHolding = this.#options.clock.after(heldBackMs, () => this.#letThrough())
  }

  #letThrough(): void {
    this.#cancelHolding?.()
    this.#held?.resolve()
    this.#held = undefined
  }

  /** Resolves once nothing is handed over any more. */
  async stop(): Promise<void> {
    this.#cancelHolding?.()
    await Promise.all([this.#messages.stop(), this.#updates.stop()])
  }

  hasHeardOf(shortId: string): boolean {
    return this.#heard.has(shortId)
  }

  message(raw: unknown): void {
    this.#remember(raw)
    this.#add(async () => this.#prepared(parseRawMessage(raw, this.#context()), raw))
  }

  reaction(raw: unknown): void {
    this.#add(async () => this.#prepared(parseReaction(raw, this.#context()), undefined))
  }

  #add(prepare: () => Promise<InboundMessageInput | undefined>): void {
    const held = this.#held?.promise
    this.#messages.add(async () => {
      await held
      return prepare()
    })
  }

  ack(raw: unknown, ack: number): void {
    const { own, clock } = this.#options
    const { data } = rawMessageSchema.safeParse(raw)
    const status = statuses.get(ack)
    if (!data?.id.fromMe || !status) return
    const isAwaited = own.acknowledge(data.id.id, ack)
    // A send that fails says so itself, and is tried again.
    if (isAwaited && status === 'failed') return
    const known = own.get(data.id.id)
    const update: DeliveryUpdate = {
      providerId: known?.providerId ?? serializedKey(data.id),
      ...(known ? { replyId: known.replyId } : {}),
      status,
      atMs: clock.now(),
      ...(status === 'failed' ? { reason: 'WhatsApp did not take it' } : {}),
    }
    this.#updates.add(async () => update)
  }

  /** Fetches what was said since then in the chats with the latest messages, and hands it over before it resolves. */
  async catchUp({ sinceMs, signal }: { readonly sinceMs: number; readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted()
    const { settings, host, session: sessionOfNow } = this.#options
    const session = sessionOfNow()
    if (!session) {
      throw new WaAgentError(
        'not_running',
        '[transport-webjs] WhatsApp Web is not connected. The next connection asks again.',
        {
          retryable: true,
        },
      )
    }
    const sinceS = Math.floor(sinceMs / 1000)
    const { groups, catchUp } = settings
    const failures: unknown[] = []
    for (const chat of await session.run(recentChats, { sinceS, most: catchUp.chats, groups })) {
      const which = { chat, sinceS, most: catchUp.messagesPerChat }
      // One chat that cannot be read is asked for again, and keeps nobody else waiting.
      const raws = await session.run(messagesSince, which).catch((error: unknown) => {
        failures.push(error)
        return []
      })
      const messages: InboundMessageInput[] = []
      for (const raw of raws) {
        const message = await this.#prepared(parseRawMessage(raw, this.#context()), raw)
        if (message) messages.push(message)
      }
      signal.throwIfAborted()
      session.gone.throwIfAborted()
      if (messages.length > 0) await host.receive(messages)
      for (const raw of raws) this.#remember(raw)
    }
    if (failures.length > 0) throw failures[0]
    this.#letThrough()
  }

  #context(): InboundContext {
    const { settings, clock, session } = this.#options
    return { me: session()?.me ?? [], groups: settings.groups, nowMs: clock.now() }
  }

  /** With everything that has to be asked for; nothing for what is not for us, or from us. */
  async #prepared(parsed: ParsedMessage, raw: unknown): Promise<InboundMessageInput | undefined> {
    const { own, logger, session, settings } = this.#options
    if ('ignored' in parsed) {
      logger.debug({ ignored: parsed.ignored }, 'left out')
      return undefined
    }
    if (parsed.fromMe) {
      // The echo may overtake the answer to the send, and only that tells the id where we could not choose it.
      if (!session()?.choosesIds) await own.settled()
      const shortId = shortIdIn(parsed.id)
      return own.get(shortId) || isOurs(settings, shortId) ? undefined : parsed
    }
    const complete = parsed.type === 'order' ? await this.#withItems(parsed, raw) : parsed
    return this.#contacts.named(complete, (id) => this.#ask((now) => now.run(bothIds, id)))
  }

  async #withItems(
    message: Extract<InboundMessageInput, { type: 'order' }>,
    raw: unknown,
  ): Promise<InboundMessageInput> {
    const { orderId, token } = rawMessageSchema.safeParse(raw).data ?? {}
    if (!orderId || !token) return message
    const which = { id: orderId, token, chat: message.chat }
    const detail = await this.#ask((now) => now.run(orderDetail, which)).catch(() => undefined)
    const { data } = orderSchema.safeParse(detail)
    const items = data?.products.map(({ id, quantity, price }) => {
      const { currency } = data
      return { productId: id, quantity, ...(price === undefined ? {} : { price }), ...(currency ? { currency } : {}) }
    })
    return items ? { ...message, items } : message
  }

  async #ask<Value>(question: (session: Session) => Promise<Value>): Promise<Value> {
    const session = this.#options.session()
    if (!session) throw new Error('not connected')
    return question(session)
  }

  #remember(raw: unknown): void {
    const { data } = rawMessageSchema.safeParse(raw)
    if (!data) return
    for (const oldest of this.#heard) {
      if (this.#heard.size < mostHeard) break
      this.#heard.delete(oldest)
    }
    this.#heard.add(data.id.id)
  }
}

/** The short id in a key: behind the chat, before the author. */
function shortIdIn(key: string): string {
  return key.split('_')[2] ?? key
}
