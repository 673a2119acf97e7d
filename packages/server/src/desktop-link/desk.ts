import type { Capabilities, ChannelKey, SendResult, TransportHost } from '@wa-agent/core'
import { WaAgentError } from '@wa-agent/core'
import type { z } from 'zod'
import { type DeskRecord, readDeskRecord } from './desk-record.ts'
import { type Listener, Outgoing } from './outgoing.ts'
import type { CommandEvent, DurableEvent, heartbeatSchema, registerSchema } from './protocol.ts'

/** How long a desktop may be silent, and how long it may take. */
export interface DeskTimes {
  readonly heartbeatEveryMs: number
  readonly offlineAfterMs: number
  readonly ackTimeoutMs: number
  /** How long a stream may be away before nothing is sent any more: long polls come and go. */
  readonly streamGraceMs: number
}

type Registration = Omit<z.output<typeof registerSchema>, 'tenantId' | 'channel' | 'session' | 'protocol'>
type Vitals = Pick<z.output<typeof heartbeatSchema>, 'whatsApp' | 'queueDepth' | 'battery'>
type WithoutId<Event> = Event extends unknown ? Omit<Event, 'id'> : never
type Order = WithoutId<CommandEvent>

const recordName = 'desktop'
/** A sign of life is kept at most this often: after a crash it may be so much older. */
const keepEveryMs = 60_000

/** What the cloud knows of the desktop of one channel: who it is, whether it is there, and what is on its way to it. */
export class Desk {
  readonly key: ChannelKey
  readonly times: DeskTimes
  readonly #outgoing = new Outgoing()
  readonly #changed: (desk: Desk) => void
  #record: DeskRecord = readDeskRecord(undefined)
  #vitals: Vitals = {}
  #host: TransportHost | undefined
  /** Who was heard of: one that can listen, or one without a session, that can be answered and nothing else. */
  #kind: 'none' | 'simple' | 'listening' = 'none'
  #isOnline = false
  #isConnected = false
  #cancelOffline: () => void = () => undefined
  #cancelGrace: (() => void) | undefined
  #saving: Promise<void> = Promise.resolve()
  #savedAtMs = Number.NEGATIVE_INFINITY

  /** `changed` is told whenever the status may have changed. */
  constructor(key: ChannelKey, times: DeskTimes, changed: (desk: Desk) => void) {
    this.key = key
    this.times = times
    this.#changed = changed
  }

  get capabilities(): Capabilities | undefined {
    return this.#record.capabilities
  }

  get isOnline(): boolean {
    return this.#isOnline
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  get record(): Readonly<DeskRecord> {
    return this.#record
  }

  get vitals(): Readonly<Vitals> {
    return this.#vitals
  }

  /** Throws `not_running` before `open` and after `close`. */
  get host(): TransportHost {
    if (this.#host) return this.#host
    throw new WaAgentError('not_running', 'The bot of this desktop is not running. Call start() first.', {
      retryable: true,
    })
  }

  async open(host: TransportHost): Promise<void> {
    this.#record = readDeskRecord(await host.records.get(recordName))
    this.#host = host
    for (const command of this.#record.commands) this.#outgoing.add(command)
    // Who was there before comes back soon, or is offline: nobody else would say so.
    if (this.#record.lastSeenMs !== undefined)
      this.#cancelOffline = host.clock.after(this.times.offlineAfterMs, () => this.#lost())
    host.connection('disconnected', 'no desktop has registered yet')
  }

  async close(): Promise<void> {
    this.#outgoing.stop()
    this.#cancelOffline()
    this.#endGrace()
    await this.#saving.catch(() => undefined)
    this.#host?.connection('stopped')
    this.#host = undefined
    this.#isConnected = false
    this.#isOnline = false
    this.#kind = 'none'
  }

  /** How it is with a session. Clients without one are let through. `unknown`: nothing is remembered, it may register again. */
  stateOf(session: string | undefined): 'current' | 'superseded' | 'unknown' {
    if (session === undefined || session === this.#record.session) return 'current'
    return this.#record.session === undefined ? 'unknown' : 'superseded'
  }

  /** A desktop begins: it has the channel from now on, whoever had it before. Resolves once that is durable. */
  async register(session: string, registration: Registration): Promise<void> {
    const { commands, paused } = this.#record
    this.#record = { ...registration, session, commands, paused, lastSeenMs: this.host.clock.now() }
    this.#outgoing.hangUp({ type: 'superseded' })
    // The first clients register, and then neither listen nor send the session along.
    this.#kind = 'none'
    this.#touch()
    await this.#save()
  }

  /** Its WhatsApp has this number. */
  async rename(phone: string): Promise<void> {
    if (this.#record.phone === phone) return
    this.#record = { ...this.#record, phone }
    await this.#save()
  }

  /** The desktop gave a sign of life. */
  seen(session: string | undefined, vitals?: Vitals): void {
    if (vitals) this.#vitals = vitals
    if (session !== undefined) this.#kind = 'listening'
    else if (this.#kind === 'none') this.#kind = 'simple'
    this.#touch()
  }

  #touch(): void {
    const { clock } = this.host
    this.#record = { ...this.#record, lastSeenMs: clock.now() }
    if (!this.#isOnline || clock.now() - this.#savedAtMs >= keepEveryMs) void this.#save().catch(() => undefined)
    this.#isOnline = true
    this.#cancelOffline()
    this.#cancelOffline = clock.after(this.times.offlineAfterMs, () => this.#lost())
    this.#update()
  }

  /** Events go to this one from now on. The result detaches it. */
  listen(listener: Listener): () => void {
    this.#outgoing.attach(listener)
    this.#endGrace()
    this.#update()
    return () => {
      if (!this.#outgoing.detach(listener) || !this.#host) return
      this.#cancelGrace = this.#host.clock.after(this.times.streamGraceMs, () => {
        this.#endGrace()
        this.#update()
      })
    }
  }

  /** Sends a message that nobody waits for to the desktop. Resolves as `send` of a transport does. */
  deliver(event: DurableEvent, signal: AbortSignal): Promise<SendResult> {
    const { clock } = this.host
    return this.#outgoing.deliver(event, { clock, timeoutMs: this.times.ackTimeoutMs, signal })
  }

  /** Whether an order about the conversation is on its way: until it is there, the desktop does not know better. */
  hasOrderFor(chat: string): boolean {
    return this.#record.commands.some((command) => 'chat' in command && command.chat === chat)
  }

  /** Orders something. It comes even if the desktop or the cloud is restarted meanwhile; the latest order of a kind counts. */
  async order(id: string, order: Order): Promise<void> {
    const event = { ...order, id } as CommandEvent
    const isOlder = (command: CommandEvent) => subjectOf(command) === subjectOf(event)
    const { commands, paused } = this.#record
    for (const command of commands.filter(isOlder)) this.#outgoing.remove(command.id)
    this.#record = {
      ...this.#record,
      paused: event.type === 'pause' || (event.type !== 'resume' && paused),
      commands: [...commands.filter((command) => !isOlder(command)), event],
    }
    // First durable, then told.
    await this.#save()
    this.#outgoing.add(event)
  }

  /** The desktop has taken these over, or never will. Resolves with how many were waited for, once that is durable. */
  async acknowledge(
    ids: readonly string[],
    failed: readonly { readonly id: string; readonly reason: string }[] = [],
  ): Promise<number> {
    return this.#settled([...this.#outgoing.acknowledge(ids), ...this.#outgoing.refuse(failed)])
  }

  /** The desktop has taken over everything up to this one. */
  async acknowledgeThrough(id: string): Promise<number> {
    return this.#settled(this.#outgoing.acknowledgeThrough(id))
  }

  async #settled(events: readonly DurableEvent[]): Promise<number> {
    const over = new Set(events.map((event) => event.id))
    const commands = this.#record.commands.filter((command) => !over.has(command.id))
    if (commands.length < this.#record.commands.length) {
      this.#record = { ...this.#record, commands }
      await this.#save()
    }
    return events.length
  }

  /** Ends the stream, e.g. because the server stops. The desktop will come again. */
  hangUp(): void {
    this.#outgoing.hangUp()
    this.#endGrace()
    this.#update()
  }

  /** A connection that looks open may be dead for long: who shows no sign of life is not there. */
  #lost(): void {
    this.#isOnline = false
    this.#kind = 'none'
    this.hangUp()
    void this.#save().catch(() => undefined)
  }

  #endGrace(): void {
    this.#cancelGrace?.()
    this.#cancelGrace = undefined
  }

  /** Sends wait while nobody listens. A client that cannot listen must not have its answers held for that. */
  #update(): void {
    const isConnected = this.#outgoing.isListening || this.#cancelGrace !== undefined || this.#kind === 'simple'
    if (isConnected !== this.#isConnected) {
      this.#isConnected = isConnected
      if (isConnected) this.#host?.connection('connected')
      else this.#host?.connection('disconnected', 'the desktop does not listen')
    }
    this.#changed(this)
  }

  /** One after another: the last state is the one that stays. */
  #save(): Promise<void> {
    const { clock, records } = this.host
    this.#savedAtMs = clock.now()
    this.#saving = this.#saving.catch(() => undefined).then(() => records.set(recordName, JSON.stringify(this.#record)))
    return this.#saving
  }
}

/** What an order is about: a newer one about the same makes it void. */
function subjectOf(event: CommandEvent): string {
  return 'chat' in event ? `chat ${event.chat}` : 'everything'
}
