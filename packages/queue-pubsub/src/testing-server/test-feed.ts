import type { Broker } from './test-broker.ts'

/** A message as Pub/Sub has it. */
export interface StoredMessage {
  readonly messageId: string
  readonly publishTimeMs: number
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  readonly orderingKey: string
}

/** What subscriptions are made with, in the words of REST. */
export interface SubscriptionConfig {
  topic: string
  ackDeadlineSeconds?: number
  enableMessageOrdering?: boolean
  labels?: Readonly<Record<string, string>>
  retryPolicy?: { readonly minimumBackoff?: string; readonly maximumBackoff?: string }
  deadLetterPolicy?: { readonly deadLetterTopic?: string; readonly maxDeliveryAttempts?: number }
  pushConfig?: { readonly pushEndpoint?: string }
  [other: string]: unknown
}

/** A message in the hands of somebody. */
export interface Delivered {
  readonly ackId: string
  readonly message: StoredMessage
  /** Absent without a dead letter policy. */
  readonly deliveryAttempt?: number
}

/** Somebody who is given messages as long as it has room. */
export interface Taker {
  /** How many more it takes. */
  room(): number
  readonly deadlineS: number
  /** Gets a message only when none of its ordering key is out, as an endpoint that is pushed to does. */
  readonly oneOfKey?: boolean
  give(delivered: readonly Delivered[]): void
}

interface Entry {
  readonly message: StoredMessage
  deliveries: number
  dueMs: number
  /** Who had it last: what follows of its key goes there, too, as long as it is out. */
  owner: object | undefined
  /** Delivered again, though it is out: one before it of its key was given back. */
  again: boolean
  /** Acknowledged, while one before it of its key is not: with that one it is delivered again. */
  acknowledged: boolean
  /** The handles under which it is out; more than one where it was delivered twice. */
  readonly out: Map<string, () => void>
}

/** One subscription and what waits in it. */
export class Feed {
  readonly name: string
  config: SubscriptionConfig
  readonly #broker: Broker
  readonly #entries = new Set<Entry>()
  readonly #byAckId = new Map<string, Entry>()
  readonly #takers = new Set<Taker>()
  #nextAck = 1
  #wake: (() => void) | undefined
  #duplicates = 0
  readonly #received = new Set<string>()

  constructor(name: string, config: SubscriptionConfig, broker: Broker) {
    this.name = name
    this.config = config
    this.#broker = broker
  }

  /** How many messages were neither acknowledged nor buried. */
  get size(): number {
    return [...this.#entries].filter(({ acknowledged }) => !acknowledged).length
  }

  /** How many deliveries somebody has said to have in hand. */
  get received(): number {
    return this.#received.size
  }

  configure(changes: Partial<SubscriptionConfig>): void {
    this.config = { ...this.config, ...changes }
    this.pump()
  }

  add(message: StoredMessage): void {
    const fresh = { deliveries: 0, dueMs: 0, owner: undefined, again: false, acknowledged: false }
    this.#entries.add({ message, ...fresh, out: new Map() })
    this.pump()
  }

  join(taker: Taker): () => void {
    this.#takers.add(taker)
    this.pump()
    return () => void this.#takers.delete(taker)
  }

  /** Gives what is due to whoever has room, one after the other. */
  pump(): void {
    this.#wake?.()
    this.#wake = undefined
    for (let given = true; given; ) {
      given = false
      for (const taker of this.#takers) {
        if (taker.room() < 1) continue
        const delivered = this.take(1, taker.deadlineS, taker)
        if (delivered.length === 0) continue
        taker.give(delivered)
        given = true
      }
    }
    const nowMs = this.#broker.clock.now()
    const later = [...this.#entries].filter(({ out, dueMs }) => out.size === 0 && dueMs > nowMs)
    if (this.#takers.size === 0 || later.length === 0) return
    const dueMs = Math.min(...later.map((entry) => entry.dueMs))
    this.#wake = this.#broker.clock.after(dueMs - nowMs, () => this.pump())
  }

  /** At most `most` messages that are due, for `owner`. */
  take(most: number, deadlineS = this.config.ackDeadlineSeconds ?? 10, owner: Partial<Taker> = {}): Delivered[] {
    const delivered: Delivered[] = []
    const closedKeys = new Set<string>()
    for (const entry of this.#entries) {
      if (delivered.length >= most) break
      const key = this.#keyOf(entry)
      if (entry.acknowledged || closedKeys.has(key)) continue
      const out = entry.out.size > 0 && !entry.again
      const takes = !out && entry.dueMs <= this.#broker.clock.now()
      // The next of its key may follow where this one is now, and nowhere else.
      const followed = (takes || (out && entry.owner === owner)) && !owner.oneOfKey
      if (key !== '' && !followed) closedKeys.add(key)
      if (!takes) continue
      Object.assign(entry, { deliveries: entry.deliveries + 1, owner, again: false })
      delivered.push(this.#handOut(entry, deadlineS))
      if (this.#duplicates > 0) {
        this.#duplicates -= 1
        delivered.push(this.#handOut(entry, deadlineS))
      }
    }
    return delivered
  }

  acknowledge(ackIds: readonly string[]): void {
    for (const ackId of ackIds) {
      const entry = this.#byAckId.get(ackId)
      if (!entry) continue
      for (const handle of [...entry.out.keys()]) this.#takeBack(entry, handle)
      entry.acknowledged = true
      this.#forget(this.#keyOf(entry))
    }
    this.pump()
  }

  /** Zero seconds give the message back. */
  extend(ackIds: readonly string[], seconds: number): void {
    for (const ackId of ackIds) {
      const entry = this.#byAckId.get(ackId)
      if (!entry) continue
      if (seconds === 0) {
        this.#failed(entry, ackId)
        continue
      }
      this.#received.add(ackId)
      this.#limit(entry, ackId, seconds)
    }
    this.pump()
  }

  /** Whether a handle still stands for a message in somebody's hands. */
  isOut(ackId: string): boolean {
    return this.#byAckId.has(ackId)
  }

  /** The next so many messages are handed out twice. */
  duplicate(count: number): void {
    this.#duplicates += count
  }

  /** As if every deadline had passed. */
  expire(): void {
    for (const [ackId, entry] of [...this.#byAckId]) this.#failed(entry, ackId)
    this.pump()
  }

  #keyOf({ message }: Entry): string {
    return this.config.enableMessageOrdering ? message.orderingKey : ''
  }

  /** Lets go of what is acknowledged, up to the first of the key that is not. */
  #forget(key: string): void {
    for (const entry of this.#entries) {
      if (this.#keyOf(entry) !== key) continue
      if (entry.acknowledged) this.#entries.delete(entry)
      else if (key !== '') return
    }
  }

  /** What follows a message that is given back is delivered again, too, even what is acknowledged. */
  #repeatAfter(failed: Entry): void {
    const key = this.#keyOf(failed)
    let after = false
    for (const entry of this.#entries) {
      if (after && key !== '' && this.#keyOf(entry) === key) {
        entry.again = entry.out.size > 0
        entry.acknowledged = false
      }
      after ||= entry === failed
    }
  }

  #handOut(entry: Entry, deadlineS: number): Delivered {
    const ackId = `${this.name}:${this.#nextAck++}`
    this.#byAckId.set(ackId, entry)
    this.#limit(entry, ackId, deadlineS)
    return {
      ackId,
      message: entry.message,
      ...(this.config.deadLetterPolicy ? { deliveryAttempt: entry.deliveries } : {}),
    }
  }

  #limit(entry: Entry, ackId: string, seconds: number): void {
    entry.out.get(ackId)?.()
    const cancel = this.#broker.clock.after(seconds * 1000, () => {
      this.#failed(entry, ackId)
      this.pump()
    })
    entry.out.set(ackId, cancel)
  }

  #takeBack(entry: Entry, ackId: string): void {
    entry.out.get(ackId)?.()
    entry.out.delete(ackId)
    this.#byAckId.delete(ackId)
  }

  #failed(entry: Entry, ackId: string): void {
    this.#takeBack(entry, ackId)
    if (entry.out.size > 0) return
    const { deadLetterPolicy: policy, retryPolicy } = this.config
    if (policy?.deadLetterTopic && entry.deliveries >= (policy.maxDeliveryAttempts ?? 5)) {
      entry.acknowledged = true
      this.#forget(this.#keyOf(entry))
      const attributes = {
        ...entry.message.attributes,
        CloudPubSubDeadLetterSourceDeliveryCount: String(entry.deliveries),
        CloudPubSubDeadLetterSourceSubscription: this.name.split('/').at(-1) ?? '',
      }
      this.#broker.publish(policy.deadLetterTopic, [{ ...entry.message, attributes }])
      return
    }
    this.#repeatAfter(entry)
    entry.dueMs = this.#broker.clock.now() + (retryPolicy ? backoffOf(retryPolicy, entry.deliveries) : 0)
  }
}

function backoffOf(policy: NonNullable<SubscriptionConfig['retryPolicy']>, deliveries: number): number {
  const { minimumBackoff = '10s', maximumBackoff = '600s' } = policy
  const [leastMs, mostMs] = [minimumBackoff, maximumBackoff].map((text) => Number.parseFloat(text) * 1000)
  return Math.min((leastMs ?? 0) * 2 ** (deliveries - 1), mostMs ?? 0)
}
