import { type Api, explained, PubsubRefusal } from './api.ts'
import type { Settings } from './options.ts'

/** A subscription as Pub/Sub describes it, as far as it matters here. */
export interface Subscription {
  readonly labels?: Readonly<Record<string, string>>
  readonly deadLetterPolicy?: { readonly maxDeliveryAttempts?: number }
  readonly enableMessageOrdering?: boolean
  readonly retryPolicy?: { readonly minimumBackoff?: string }
}

/**
 * Pub/Sub counts every delivery that was not acknowledged, those that a stopping process gave back included. This queue
 * counts failures and buries jobs itself; the policy is for jobs whose process dies each time. 100 is the most it takes.
 */
const mostDeliveries = 100
/** How long a pulled job may stay unacknowledged by a process that has died; living ones extend it. */
const pullDeadlineS = 10
/** How long a pushed request may take: the most that Pub/Sub allows. */
const pushDeadlineS = 600
/** The most that Pub/Sub keeps a message for; its emulator keeps a week. */
const keptS = { service: 31 * 86_400, emulator: 7 * 86_400 }

/** Makes what is missing. What is there stays as it is. */
export async function createResources(api: Api, settings: Settings): Promise<void> {
  const { topic, subscription, deadLetterTopic, deadLetterSubscription, push, retry, emulator } = settings
  const kept = {
    messageRetentionDuration: `${emulator ? keptS.emulator : keptS.service}s`,
    // By default a subscription that nobody uses for a month is deleted, with all that is in it.
    expirationPolicy: {},
  }
  await Promise.all([create(api, topic, {}), create(api, deadLetterTopic, {})])
  await create(api, deadLetterSubscription, { topic: deadLetterTopic, ackDeadlineSeconds: pullDeadlineS, ...kept })
  await create(api, subscription, {
    topic,
    ackDeadlineSeconds: push ? pushDeadlineS : pullDeadlineS,
    ...kept,
    enableMessageOrdering: true,
    retryPolicy: {
      minimumBackoff: secondsOf(retry.baseMs),
      maximumBackoff: secondsOf(Math.max(retry.maxMs, retry.baseMs)),
    },
    deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: mostDeliveries },
    ...(push ? { pushConfig: pushConfigOf(push) } : {}),
  })
}

/** Says what an existing subscription lacks of what the queue needs. Rejects where it cannot be seen. */
export async function warnOfSettings(api: Api, { subscription, logger }: Settings): Promise<void> {
  const found = await api.call<Subscription>({ method: 'GET', path: subscription })
  const warn = (why: string) => logger.warn({ subscription }, why)
  if (!found.deadLetterPolicy) warn('without a dead letter policy each process counts attempts alone')
  if (!found.retryPolicy) warn('without a retry policy failed jobs come back at once and wait in hand')
  if (!found.enableMessageOrdering)
    warn('without message ordering groups keep no order; make another subscription, it cannot be turned on later')
}

/** How Pub/Sub is told to push. */
export function pushConfigOf(push: NonNullable<Settings['push']>): object {
  const oidcToken = { serviceAccountEmail: push.serviceAccount, audience: push.audience }
  return { pushEndpoint: push.endpoint, oidcToken }
}

async function create(api: Api, path: string, body: object): Promise<void> {
  try {
    await api.call({ method: 'PUT', path, body })
  } catch (error) {
    if (error instanceof PubsubRefusal && error.status === 409) return
    throw explained(error, `make ${path}`)
  }
}

function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`
}
