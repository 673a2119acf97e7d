import { type Clock, systemClock } from '@wa-agent/core'
import { Feed, type StoredMessage, type SubscriptionConfig } from './test-feed.ts'

/** Why a request is refused, as an HTTP status. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The published behaviour of Pub/Sub as far as this package uses it, in memory. */
export class Broker {
  readonly clock: Clock
  readonly #topics = new Set<string>()
  readonly #subscriptions = new Map<string, Feed>()
  #nextId = 1

  constructor(clock: Clock = systemClock) {
    this.clock = clock
  }

  createTopic(name: string): void {
    if (this.#topics.has(name)) throw new Refusal(409, 'Topic already exists')
    this.#topics.add(name)
  }

  deleteTopic(name: string): void {
    if (!this.#topics.delete(name)) throw new Refusal(404, 'Topic not found')
  }

  topic(name: string): void {
    if (!this.#topics.has(name)) throw new Refusal(404, 'Topic not found')
  }

  createSubscription(name: string, config: SubscriptionConfig): Feed {
    this.topic(config.topic)
    if (this.#subscriptions.has(name)) throw new Refusal(409, 'Subscription already exists')
    const { deadLetterPolicy: policy } = config
    const most = policy?.maxDeliveryAttempts ?? 5
    if (policy && (most < 5 || most > 100)) throw new Refusal(400, 'max_delivery_attempts is out of bounds')
    const feed = new Feed(name, config, this)
    this.#subscriptions.set(name, feed)
    return feed
  }

  subscription(name: string): Feed {
    const feed = this.#subscriptions.get(name)
    if (!feed) throw new Refusal(404, 'Subscription does not exist')
    return feed
  }

  get subscriptions(): readonly Feed[] {
    return [...this.#subscriptions.values()]
  }

  publish(topic: string, messages: readonly Pick<StoredMessage, 'data' | 'attributes' | 'orderingKey'>[]): string[] {
    this.topic(topic)
    if (new Set(messages.map(({ orderingKey }) => orderingKey)).size > 1)
      throw new Refusal(400, 'All messages of a request must have the same ordering key')
    return messages.map((message) => {
      const messageId = String(this.#nextId++)
      const stored = { ...message, messageId, publishTimeMs: this.clock.now() }
      for (const feed of this.#subscriptions.values()) if (feed.config.topic === topic) feed.add(stored)
      return messageId
    })
  }
}
