import type { Delivered, Feed } from './test-feed.ts'
import { wireOf } from './test-rest-front.ts'
import { tokenOf } from './test-tokens.ts'

/** So many requests are under way at once. */
const most = 100

/** Pushes what is in a subscription to the endpoint that it is configured for, as Pub/Sub does; the result ends that. */
export function startPusher(feed: Feed): () => void {
  const limit = new AbortController()
  let underWay = 0
  const push = async ({ ackId, ...delivered }: Delivered) => {
    underWay += 1
    const accepted = await post(feed, { ackId, ...delivered }, limit.signal)
    underWay -= 1
    if (limit.signal.aborted) return
    if (accepted) feed.acknowledge([ackId])
    else feed.extend([ackId], 0)
  }
  const leave = feed.join({
    oneOfKey: true,
    deadlineS: feed.config.ackDeadlineSeconds ?? 10,
    room: () => (feed.config.pushConfig?.pushEndpoint ? most - underWay : 0),
    give: (delivered) => {
      for (const one of delivered) void push(one)
    },
  })
  return () => {
    leave()
    limit.abort()
  }
}

async function post(feed: Feed, delivered: Delivered, signal: AbortSignal): Promise<boolean> {
  const { ackId: _, ...envelope } = wireOf(delivered) as Record<string, unknown>
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${tokenOf()}` }
  const request = { method: 'POST', headers, signal, body: JSON.stringify({ ...envelope, subscription: feed.name }) }
  try {
    const { status } = await fetch(feed.config.pushConfig?.pushEndpoint ?? '', request)
    return [102, 200, 201, 202, 204].includes(status)
  } catch {
    return false
  }
}
