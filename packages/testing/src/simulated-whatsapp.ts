import {
  type Capabilities,
  type Clock,
  type DeliveryStatus,
  type DeliveryUpdate,
  type InboundMessage,
  outboundMessageSchema,
  parseInboundMessage,
  systemClock,
  type Transport,
  type TransportHost,
  textOf,
  WaAgentError,
} from '@wa-agent/core'
import { seededRandom } from './seeded-random.ts'
import { Arrivals, type RedeliveryOptions, type SimulatedArrivals } from './simulated/arrivals.ts'
import { type ChatMessage, Chats } from './simulated/chats.ts'
import { Customer, type CustomerMessage, type CustomerOptions, type SimulatedCustomer } from './simulated/customer.ts'
import { FaultPlan, type SimulatedFaults } from './simulated/faults.ts'
import { Line } from './simulated/line.ts'
import { MediaShelf, type SimulatedMedia } from './simulated/media-shelf.ts'
import { Outgoing, type SendAttempt } from './simulated/outgoing.ts'

/** How a simulated WhatsApp is made. Everything has a default. */
export interface SimulatedWhatsAppOptions {
  /** Default: the real clock. Give the bot the same one. */
  readonly clock?: Clock
  /** Default `default`. */
  readonly tenant?: string
  /** Default `default`. */
  readonly channel?: string
  /** What differs from WhatsApp's own: every type, texts of 4,096 units, 3 buttons, 10 list rows, quotations. */
  readonly capabilities?: Partial<Capabilities>
  /** Whether the transport can be asked what became of a delivery. Default true; see also `faults.find`. */
  readonly find?: boolean
  /**
   * Whether the transport asks for what arrived while it was away. Default true; with false it has no `catchUp`, and
   * the provider delivers the backlog by itself when the connection is back.
   */
  readonly catchUp?: boolean
  /** Whether what we send comes back as a `fromMe` message: before `send` has its answer or after. Default `none`. */
  readonly echo?: 'none' | 'before' | 'after'
  /** How long connecting takes, in milliseconds. Default 0. */
  readonly connectMs?: number
  /** How long the provider takes for each message, in milliseconds. Default 0. */
  readonly sendLatencyMs?: number
  readonly redelivery?: RedeliveryOptions
  /** The business's own id. Default `business`. */
  readonly business?: string
  /** Decides random faults and shuffles: the same seed gives the same ones. Default 1. */
  readonly seed?: number
}

/** The owner of the business, who may write on the phone by hand. */
export interface SimulatedOwner {
  /** Writes to a customer; it reaches the bot as a `fromMe` message that is none of its own. */
  writes(to: SimulatedCustomer | string, message: string | CustomerMessage): InboundMessage
}

/** What a report may tell differently, e.g. our own id of the reply: `{ replyId: message.delivery?.id }`. */
export type ReportDetails = Partial<Omit<DeliveryUpdate, 'status'>>

/** A WhatsApp in memory: a transport for the bot, and the world behind it for the test. */
export interface SimulatedWhatsApp {
  readonly transport: Transport
  /** The transport of another process on the same number. The one that started last gets what arrives; all can send. */
  anotherTransport(): Transport
  /** The customer with this id. Asked again for the same id it is the same customer, and `options` is ignored. */
  customer(id: string, options?: CustomerOptions): SimulatedCustomer
  readonly owner: SimulatedOwner
  readonly faults: SimulatedFaults
  readonly arrivals: SimulatedArrivals
  readonly media: SimulatedMedia
  /** Everything that the bot said and customers got, in order. Said twice it is there twice: nothing is deduplicated. */
  readonly sent: readonly ChatMessage[]
  /** Every call of `send`, in order, also those that failed. */
  readonly attempts: readonly SendAttempt[]
  /** What the bot did that the Transport port forbids, e.g. sending twice at once to one chat. Empty is good. */
  readonly breaches: readonly string[]
  /**
   * Tells the bot how far a message came that it sent, by the provider's id unless `details` has others. Resolves once the bot has
   * taken it in, and rejects where it refuses or is not connected: providers try again.
   */
  report(message: { readonly id: string }, status: DeliveryStatus, details?: ReportDetails): Promise<void>
  /** Cuts the connection: sends fail, and what customers write waits at the provider. */
  disconnect(reason?: string): void
  /** Cuts the connection until somebody scans a code: `reconnect` plays that person. */
  needsLogin(): void
  reconnect(): void
}

const everything: Capabilities = {
  types: outboundMessageSchema.options.map((option) => option.shape.type.value),
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 3,
  maxListRows: 10,
  quotes: true,
}

/**
 * Makes a WhatsApp in memory. It behaves like the real ones also where they hurt: it delivers again what was not
 * acknowledged, it does not deduplicate, it loses answers when told to.
 */
export function simulatedWhatsApp(options: SimulatedWhatsAppOptions = {}): SimulatedWhatsApp {
  const { clock = systemClock, catchUp = true, business = 'business', redelivery = {}, echo = 'none' } = options
  const random = seededRandom(options.seed)
  const line = new Line(clock, options.connectMs ?? 0)
  const chats = new Chats()
  const faults = new FaultPlan(random)
  const media = new MediaShelf()
  const arrivals = new Arrivals({ clock, random, redelivery, host: () => line.host })
  if (!catchUp) line.onConnected = () => arrivals.deliverBacklog()
  const capabilities = { ...everything, ...options.capabilities }
  const sendLatencyMs = options.sendLatencyMs ?? 0
  const outgoing = new Outgoing({ clock, capabilities, sendLatencyMs, echo, business, line, chats, arrivals, faults })
  const world: World = { options, capabilities, line, faults, media, arrivals, outgoing }
  const customers = new Map<string, SimulatedCustomer>()
  let inboundCount = 0
  const nextInboundId = () => {
    inboundCount += 1
    return `in-${inboundCount}`
  }
  const transport = createTransport(world)
  return {
    transport,
    anotherTransport: () => createTransport(world),
    customer(id, customerOptions) {
      const customer =
        customers.get(id) ?? new Customer({ clock, chats, arrivals, media, nextInboundId }, id, customerOptions)
      customers.set(id, customer)
      return customer
    },
    owner: {
      writes(to, message) {
        const content = typeof message === 'string' ? { type: 'text', text: message } : message
        const base = { id: nextInboundId(), chat: typeof to === 'string' ? to : to.id, sentAtMs: clock.now() }
        const complete = parseInboundMessage({ ...base, from: { id: business }, ...content, fromMe: true })
        const { id, chat } = complete
        chats.add({ id, chat, by: 'owner', message: { type: 'text', text: textOf(complete) }, atMs: clock.now() })
        void arrivals.add(complete)
        return complete
      },
    },
    faults,
    arrivals,
    media,
    get sent() {
      return chats.messages.filter(({ by }) => by === 'bot')
    },
    attempts: outgoing.attempts,
    breaches: outgoing.breaches,
    async report({ id }, status, details) {
      const message = chats.messages.find((candidate) => candidate.id === id && candidate.by === 'bot')
      if (!message) throw new Error(`The bot never sent a message with the id "${id}", so nothing can be told of it.`)
      if (!line.host) throw notConnected()
      await line.host.track([{ providerId: id, atMs: clock.now(), ...details, status }])
    },
    disconnect: (reason = 'the connection was cut') => line.cut('disconnected', reason),
    needsLogin: () => line.cut('needs-login', 'the device was logged out'),
    reconnect: () => line.mend(),
  }
}

interface World {
  readonly options: SimulatedWhatsAppOptions
  readonly capabilities: Capabilities
  readonly line: Line
  readonly faults: FaultPlan
  readonly media: MediaShelf
  readonly arrivals: Arrivals
  readonly outgoing: Outgoing
}

function createTransport({ options, capabilities, line, faults, media, arrivals, outgoing }: World): Transport {
  const { tenant = 'default', channel = 'default', find = true, catchUp = true } = options
  let host: TransportHost | undefined
  const transport: Transport = {
    name: 'simulated',
    tenant,
    channel,
    capabilities,
    async start(newHost) {
      host = newHost
      line.start(newHost)
    },
    send: (delivery, { signal }) => outgoing.send(delivery, signal),
    async stop() {
      if (host) line.stop(host)
      host = undefined
    },
    openMedia: (reference, { signal }) => media.open(reference, signal),
  }
  if (find) transport.find = async (delivery) => outgoing.find(delivery)
  if (catchUp) {
    transport.catchUp = async ({ sinceMs, signal }) => {
      if (!host || !line.online || faults.takeCatchUp()) throw notConnected()
      await arrivals.catchUp(host, { sinceMs, signal })
    }
  }
  return transport
}

function notConnected(): WaAgentError {
  const message = 'The simulated WhatsApp is not connected; ask again once it is.'
  return new WaAgentError('not_running', message, { retryable: true })
}
