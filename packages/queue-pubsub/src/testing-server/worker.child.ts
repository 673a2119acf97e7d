// A process of its own that consumes: node worker.child.ts <endpoint> <name> <what to do with jobs>
// `hold`: never ends one. `done`: ends each, and with the second one the queue, after which nothing may keep the process.
import { pubsubQueue } from '../pubsub-queue.ts'

const [, , apiEndpoint = '', name = '', what = ''] = process.argv
const queue = pubsubQueue({
  projectId: 'project',
  topic: name,
  subscription: name,
  apiEndpoint,
  pollMs: 50,
  retry: { maxAttempts: 3, baseMs: 50, jitter: 0 },
})
let done = 0
queue.consume(async ({ id }) => {
  process.send?.({ id })
  if (what === 'hold') await new Promise(() => undefined)
  done += 1
  // Not waited for: it waits for this handler.
  if (done === 2) void queue.close().then(() => process.disconnect())
})
