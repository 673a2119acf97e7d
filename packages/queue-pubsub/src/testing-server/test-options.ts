import { randomUUID } from 'node:crypto'
import type { PubsubQueueOptions } from '../options.ts'

/** Options of a queue in a topic of its own, which is made, on a server of the tests. */
export function freshOptions(
  { endpoint }: { readonly endpoint: string },
  options: Partial<PubsubQueueOptions> = {},
): PubsubQueueOptions {
  const name = `queue-${randomUUID()}`
  return {
    projectId: 'project',
    topic: name,
    subscription: name,
    apiEndpoint: endpoint,
    create: true,
    pollMs: 50,
    retry: { maxAttempts: 3, baseMs: 50, jitter: 0 },
    ...options,
  }
}
