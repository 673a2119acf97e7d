import type { Logger, Queue } from '@wa-agent/core'
import type { Board } from '@wa-agent/server'
import { type Settings, settingOf } from './settings.ts'

/** The queue between ingests and workers, and what the server shows or takes of it. */
export interface OpenQueue {
  readonly queue?: Queue
  readonly board?: Board
  readonly push?: (request: Request) => Promise<Response>
}

/** Makes the queue that is chosen; none where everything happens in one process or in the database. */
export async function openQueue(settings: Settings, logger: Logger): Promise<OpenQueue> {
  if (settings.QUEUE === 'bullmq') return openBullmq(settings, logger)
  if (settings.QUEUE === 'pubsub') return openPubsub(settings, logger)
  return {}
}

async function openBullmq(settings: Settings, logger: Logger): Promise<OpenQueue> {
  const { bullmqQueue } = await import('@wa-agent/queue-bullmq')
  const queue = bullmqQueue({ connection: settingOf(settings, 'REDIS_URL'), logger })
  if (settings.ROLE === 'ingest' || settings.ADMIN_API_KEY === undefined) return { queue }
  const { bullBoard } = await import('@wa-agent/queue-bullmq/board')
  return { queue, board: bullBoard(queue) }
}

async function openPubsub(settings: Settings, logger: Logger): Promise<OpenQueue> {
  const { pubsubQueue } = await import('@wa-agent/queue-pubsub')
  const {
    PUBSUB_PUSH_AUDIENCE: audience,
    PUBSUB_PUSH_ACCOUNT: serviceAccount,
    PUBSUB_PUSH_ENDPOINT: endpoint,
  } = settings
  const isPushed = audience !== undefined && serviceAccount !== undefined
  const push = isPushed ? { push: { audience, serviceAccount, ...(endpoint ? { endpoint } : {}) } } : {}
  const queue = pubsubQueue({
    projectId: settingOf(settings, 'PUBSUB_PROJECT'),
    topic: settings.PUBSUB_TOPIC,
    subscription: settings.PUBSUB_SUBSCRIPTION,
    create: settings.PUBSUB_CREATE,
    logger,
    ...push,
  })
  return isPushed && settings.ROLE !== 'ingest' ? { queue, push: queue.pushHandler() } : { queue }
}
