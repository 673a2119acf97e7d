import type { Message, PubSub, Subscription } from '@google-cloud/pubsub'
import { backoffMs } from '@wa-agent/core'
import type { JobConsumer } from './consumer.ts'
import type { Delivery } from './delivery.ts'
import type { Settings } from './options.ts'

/** Google's client, which only consumers that pull need: it takes some 60 MB. */
export interface PubsubClient {
  get(): Promise<typeof import('@google-cloud/pubsub') & { readonly client: PubSub }>
  close(): Promise<void>
}

/** Feeds one consumer from Pub/Sub. */
export interface Puller {
  /** Takes deliveries, also after `close`. */
  open(): void
  /** Takes nothing new; what is in hand can still be settled. Resolves when all of it is, or was given up. */
  close(): Promise<void>
}

/**
 * As many as are handled wait in hand as well, so that a free handler waits for nothing; and so many at least, since a group
 * whose first job fails keeps all its jobs in hand, and others must not wait for that.
 */
const leastInHand = 100
/** Google's client stops extending the time of a message that is handled for longer, and Pub/Sub delivers it again. */
const longestHandlingMinutes = 60
/** A stream that broke is opened again so soon, and ever later up to the second. */
const reopen = { baseMs: 500, maxMs: 15_000 }
/** Acknowledgements are collected for so long. */
const collectMs = 10

export function createClient(settings: Settings): PubsubClient {
  const { projectId, endpoint, plain, credentials, keyFilename } = settings
  let loading: ReturnType<PubsubClient['get']> | undefined
  const load = async () => {
    const library = await import('@google-cloud/pubsub')
    const client = new library.PubSub({
      projectId,
      emulatorMode: plain,
      ...(endpoint === 'https://pubsub.googleapis.com' ? {} : { apiEndpoint: endpoint }),
      ...(credentials ? { credentials } : {}),
      ...(keyFilename ? { keyFilename } : {}),
    })
    return { ...library, client }
  }
  return {
    get() {
      loading ??= load()
      return loading
    },
    close: async () => void (await loading?.then(({ client }) => client.close())),
  }
}

export function createPuller(consumer: JobConsumer, client: PubsubClient, settings: Settings): Puller {
  const { clock, random, logger } = settings
  let wanted = false
  let subscription: Subscription | undefined
  let opening: Promise<void> | undefined
  let broken = 0
  let cancelReopen: (() => void) | undefined

  const open = async (): Promise<void> => {
    const { client: pubsub, Duration } = await client.get()
    if (!wanted) return
    const opened = pubsub.subscription(settings.subscription, {
      // Pub/Sub itself sends no more. They are not left to the client, which would keep them from being given back.
      flowControl: { maxMessages: Math.max(consumer.concurrency * 2, leastInHand), allowExcessMessages: true },
      streamingOptions: { maxStreams: 1, retryMaxBackoff: Duration.from({ seconds: 5 }) },
      batching: { maxMilliseconds: collectMs },
      maxExtensionTime: Duration.from({ minutes: longestHandlingMinutes }),
      closeOptions: { behavior: 'WAIT', timeout: Duration.from({ minutes: longestHandlingMinutes }) },
    })
    subscription = opened
    opened.on('message', (message: Message) => {
      broken = 0
      // Emitted in the next tick: somebody may have closed meanwhile, which the consumer knows.
      if (subscription === opened || !wanted) consumer.offer(deliveryOf(message))
      else consumer.decline(deliveryOf(message))
    })
    opened.on('error', (error: Error & { code?: unknown }) => {
      if (subscription !== opened) return
      subscription = undefined
      broken += 1
      logger.warn({ code: error.code, subscription: settings.subscription }, 'pulling was interrupted')
      void opened.close().catch(() => undefined)
      cancelReopen = clock.after(backoffMs(broken, reopen, random), start)
    })
  }

  const start = (): void => {
    cancelReopen?.()
    cancelReopen = undefined
    if (!wanted || subscription || opening) return
    opening = open()
      .catch((error: unknown) => {
        broken += 1
        logger.error({ error: error instanceof Error ? error.name : typeof error }, 'pulling could not begin')
        cancelReopen = clock.after(backoffMs(broken, reopen, random), start)
      })
      .finally(() => {
        opening = undefined
        // Asked for while it was closing.
        if (wanted && !subscription && !cancelReopen) start()
      })
  }

  return {
    open() {
      wanted = true
      start()
    },
    async close() {
      wanted = false
      cancelReopen?.()
      cancelReopen = undefined
      const closing = subscription
      subscription = undefined
      await opening
      await closing?.close()
    },
  }
}

function deliveryOf(message: Message): Delivery {
  return {
    messageId: message.id,
    data: message.data,
    attributes: message.attributes,
    // The client's types do without it where there is none; it gives an empty text.
    group: message.orderingKey || undefined,
    canStay: true,
    counted: message.deliveryAttempt > 0 ? message.deliveryAttempt : undefined,
    settle: (done) => (done ? message.ack() : message.nack()),
  }
}
