import type { JobHandler, QueueJob } from '@wa-agent/core'
import { vi } from 'vitest'

/** A job of a shop. */
export const jobOf = (id: string, data: unknown = null): QueueJob => ({ id, tenant: 'acme', channel: 'main', data })

/** Polls until `condition` is true; rejects where that does not happen in time. */
export const until = (condition: () => boolean | Promise<boolean>, timeout = 15_000): Promise<void> =>
  vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error('What was waited for has not happened.')
    },
    { timeout, interval: 10 },
  )

/** A handler that writes down what it gets. */
export function noted(): { readonly ids: string[]; readonly handler: JobHandler } {
  const ids: string[] = []
  return { ids, handler: async ({ id }) => void ids.push(id) }
}
