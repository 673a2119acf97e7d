import { backoffMs, waitFor } from '@wa-agent/core'
import { type Api, explained, PubsubRefusal, unavailable } from './api.ts'
import { mostBytes, type PubsubMessage } from './message.ts'
import type { Settings } from './options.ts'

/** Publishes to one topic. */
export interface Publisher {
  /**
   * Resolves once Pub/Sub has all of them. Rejects with `queue_unavailable` where that takes too long; what had not been
   * sent by then is not.
   */
  publish(messages: readonly PubsubMessage[]): Promise<void>
}

/** Pub/Sub's limit for one request. */
const mostMessages = 1000
/** What is asked for while so many requests are under way shares the next one. */
const mostRequests = 4
/** A request has one ordering key, so a webhook of many chats takes many. */
const mostLanes = 50
/** A try that gets no answer ends in time for another. */
const longestTryMs = 5000

interface Waiting {
  readonly message: PubsubMessage
  readonly call: Call
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

interface Call {
  readonly giveUpAtMs: number
  /** Why it rejects. What it still has waiting must not come before what is published again. */
  refusal?: { readonly error: unknown }
}

/** Messages of one ordering key, or those without. */
interface Lane {
  readonly waiting: Waiting[]
  /** Two requests at once may arrive in either order. */
  readonly most: number
  underWay: number
}

export function createPublisher(api: Api, topic: string, settings: Settings): Publisher {
  const { clock, random, publishTimeoutMs } = settings
  const lanes = new Map<string, Lane>()
  let busy = 0

  const laneOf = (orderingKey = ''): Lane => {
    const lane = lanes.get(orderingKey) ?? { waiting: [], most: orderingKey === '' ? mostRequests : 1, underWay: 0 }
    lanes.set(orderingKey, lane)
    return lane
  }

  const pump = () => {
    for (const [key, lane] of lanes) {
      while (lane.waiting.length > 0 && lane.underWay < lane.most && busy < mostLanes) {
        const batch = nextBatch(lane.waiting)
        if (batch.length === 0) continue
        lane.underWay += 1
        busy += 1
        void send(batch).finally(() => {
          lane.underWay -= 1
          busy -= 1
          pump()
        })
      }
      if (lane.waiting.length === 0 && lane.underWay === 0) lanes.delete(key)
    }
  }

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      await sendUntil(
        batch.map(({ message }) => message),
        batch[0]?.call.giveUpAtMs ?? 0,
      )
      for (const { done } of batch) done()
    } catch (error) {
      for (const { call, failed } of batch) {
        call.refusal ??= { error }
        failed(error)
      }
    }
  }

  const sendUntil = async (messages: readonly PubsubMessage[], giveUpAtMs: number): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      const leftMs = giveUpAtMs - clock.now()
      if (leftMs <= 0)
        throw unavailable('Pub/Sub took too long. Publish again: some jobs may be in and some not.', undefined)
      try {
        await api.call({
          method: 'POST',
          path: `${topic}:publish`,
          body: { messages },
          timeoutMs: Math.min(leftMs, longestTryMs),
        })
        return
      } catch (error) {
        const pauseMs = backoffMs(attempt, { baseMs: 100, maxMs: 2000 }, random)
        const passing = !(error instanceof PubsubRefusal) || error.passing
        if (!passing || clock.now() + pauseMs >= giveUpAtMs) throw explained(error, 'publish')
        await waitFor(clock, pauseMs)
      }
    }
  }

  return {
    async publish(messages) {
      const call: Call = { giveUpAtMs: clock.now() + publishTimeoutMs }
      const published = messages.map(
        (message) =>
          new Promise<void>((done, failed) =>
            laneOf(message.orderingKey).waiting.push({ message, call, done, failed }),
          ),
      )
      pump()
      // Each is waited for, so that none fails unheard.
      const failed = (await Promise.allSettled(published)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    },
  }
}

/** What fits one request; what belongs to a call that has failed is let go of. */
function nextBatch(waiting: Waiting[]): Waiting[] {
  const batch: Waiting[] = []
  let bytes = 0
  for (let next = waiting[0]; next && batch.length < mostMessages; next = waiting[0]) {
    if (next.call.refusal) {
      waiting.shift()
      next.failed(next.call.refusal.error)
      continue
    }
    bytes += next.message.data.length * 0.75
    if (batch.length > 0 && bytes > mostBytes) break
    waiting.shift()
    batch.push(next)
  }
  return batch
}
