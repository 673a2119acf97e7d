import { type DeadJob, type DeadJobs, type QueueJob, WaAgentError, waitFor } from '@wa-agent/core'
import { type Api, explained } from './api.ts'
import type { Delivery } from './delivery.ts'
import { jobOf, orderingOf, type PubsubMessage, shortened } from './message.ts'
import type { Settings } from './options.ts'
import type { Publisher } from './publisher.ts'

/** Where jobs go that failed for good: a topic of their own, with a subscription that keeps them. */
export interface DeadLetterBox {
  readonly jobs: DeadJobs
  bury(delivery: Delivery, attempts: number, reason: string): Promise<void>
}

export interface DeadLetterParts {
  readonly api: Api
  readonly settings: Settings
  /** Of the topic where jobs come from. */
  readonly alive: Publisher
  /** Of the dead letter topic. */
  readonly dead: Publisher
  /** Called first; rejects where the queue is closed. */
  readonly ready: () => Promise<void>
}

interface Pulled {
  readonly ackId: string
  readonly message: {
    readonly messageId: string
    readonly publishTime: string
    readonly data?: string
    readonly attributes?: Readonly<Record<string, string>>
  }
}

const reasonKey = 'wa-agent-reason'
const attemptsKey = 'wa-agent-attempts'
const diedAtKey = 'wa-agent-died-at'
/** Pub/Sub's own, where its dead letter policy was quicker. */
const countedKey = 'CloudPubSubDeadLetterSourceDeliveryCount'
const ownKeys = /^(wa-agent-(reason|attempts|died-at)$|CloudPubSubDeadLetterSource)/

const pullSize = 1000
/** Pub/Sub is spread over many machines: one empty answer does not mean that nothing is there. */
const emptyAnswers = 3
const emptyPauseMs = 100
/** So that looking takes neither all memory nor for ever. The oldest come first, as far as Pub/Sub keeps any order. */
const mostListed = 10_000

export function createDeadLetterBox({ api, settings, alive, dead, ready }: DeadLetterParts): DeadLetterBox {
  const { clock, deadLetterSubscription } = settings
  const call = <Answer>(verb: string, body: object) =>
    api.call<Answer>({ method: 'POST', path: `${deadLetterSubscription}:${verb}`, body }).catch((error) => {
      throw explained(error, `${verb} dead letters`)
    })

  /** Takes dead letters in hand until `enough`, and puts back what `keep` does not want. */
  const look = async (
    enough: (pulled: Pulled) => boolean,
    use: (all: readonly Pulled[]) => Promise<readonly Pulled[]>,
  ) => {
    const hand = new Map<string, Pulled>()
    let gone: readonly Pulled[] = []
    try {
      for (let empty = 0; empty < emptyAnswers; ) {
        const { receivedMessages = [] } = await call<{ receivedMessages?: Pulled[] }>('pull', {
          maxMessages: pullSize,
          returnImmediately: true,
        })
        empty = receivedMessages.length === 0 ? empty + 1 : 0
        for (const pulled of receivedMessages) hand.set(pulled.message.messageId, pulled)
        if (receivedMessages.some(enough) || hand.size >= mostListed) break
        if (empty > 0) await waitFor(clock, emptyPauseMs)
      }
      gone = await use([...hand.values()])
      if (gone.length > 0) await call('acknowledge', { ackIds: gone.map(({ ackId }) => ackId) })
    } finally {
      const back = [...hand.values()].filter((pulled) => !gone.includes(pulled)).map(({ ackId }) => ackId)
      // A dead letter that is not put back shows again after its deadline; that must not hide what went wrong before.
      await putBack(back).catch(() => undefined)
    }
  }

  const putBack = async (ackIds: readonly string[]): Promise<void> => {
    for (let first = 0; first < ackIds.length; first += pullSize) {
      await call('modifyAckDeadline', { ackIds: ackIds.slice(first, first + pullSize), ackDeadlineSeconds: 0 })
    }
  }

  const take = (id: string, use: (found: Pulled) => Promise<void>) =>
    look(
      ({ message }) => message.messageId === id,
      async (all) => {
        const found = all.find(({ message }) => message.messageId === id)
        if (!found)
          throw new WaAgentError('not_found', 'There is no dead letter with this id; list them to see which there are.')
        await use(found)
        return [found]
      },
    )

  // Two who look at once would hide dead letters from each other.
  const inTurn = createTurns(ready)
  const jobs: DeadJobs = {
    list: ({ tenant, limit = Number.POSITIVE_INFINITY } = {}) =>
      inTurn(async () => {
        let listed: DeadJob[] = []
        await look(
          () => false,
          async (all) => {
            listed = all.map(deadJobOf).filter(({ job }) => tenant === undefined || job.tenant === tenant)
            return []
          },
        )
        listed.sort((a, b) => a.atMs - b.atMs)
        return listed.slice(Math.max(0, listed.length - limit))
      }),
    retry: (id) => inTurn(() => take(id, ({ message }) => alive.publish([revived(message)]))),
    discard: (id) => inTurn(() => take(id, async () => undefined)),
  }
  return {
    jobs,
    async bury({ data, attributes }, attempts, reason) {
      const own = { [reasonKey]: shortened(reason), [attemptsKey]: String(attempts), [diedAtKey]: String(clock.now()) }
      await dead.publish([{ data: data.toString('base64'), attributes: { ...attributes, ...own } }])
    },
  }
}

function deadJobOf({ message: { messageId, publishTime, data = '', attributes = {} } }: Pulled): DeadJob {
  const bytes = Buffer.from(data, 'base64')
  const counted = attributes[countedKey]
  return {
    id: messageId,
    job: jobOf(bytes) ?? foreignJob(messageId, bytes, attributes),
    reason: attributes[reasonKey] ?? 'Pub/Sub gave it up: no process that took it ever said how it ended',
    attempts: Number(attributes[attemptsKey] ?? counted ?? 0),
    atMs: Number(attributes[diedAtKey] ?? Date.parse(publishTime)),
  }
}

/** What somebody else published is shown as it came. */
function foreignJob(
  id: string,
  bytes: Buffer,
  { tenant = '', channel = '' }: Readonly<Record<string, string>>,
): QueueJob {
  return { id, tenant, channel, data: bytes.toString('utf8') }
}

function revived({ data = '', attributes = {} }: Pulled['message']): PubsubMessage {
  const kept = Object.fromEntries(Object.entries(attributes).filter(([key]) => !ownKeys.test(key)))
  const job = jobOf(Buffer.from(data, 'base64'))
  return { data, attributes: kept, ...(job ? orderingOf(job) : {}) }
}

function createTurns(ready: () => Promise<void>) {
  let last: Promise<unknown> = Promise.resolve()
  return async <Value>(work: () => Promise<Value>): Promise<Value> => {
    await ready()
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}
