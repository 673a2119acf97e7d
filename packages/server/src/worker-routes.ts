import { type Bot, isWaAgentError, type Queue, type QueueStats, type Worker, waitFor } from '@wa-agent/core'
import { z } from 'zod'
import { notFound } from './problem.ts'
import { adminOnly, check, type Deps, type Methods, readJson } from './request-context.ts'

/** Whether the bot is one of several workers. */
export function isWorker(bot: Bot): bot is Worker {
  return 'pauseAll' in bot
}

const commandSchema = z.object({ action: z.enum(['PAUSE_WORKERS', 'RESUME_WORKERS']) })
const listSchema = z.object({
  tenant: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

/** What an admin does with all workers at once and with the queue before them. */
export function workerRoutes(deps: Deps, worker: Worker): Readonly<Record<string, Methods>> {
  const queueOf = (): Queue => {
    if (!worker.queue) throw notFound()
    return worker.queue
  }
  return {
    '/api/workers': {
      async GET(context) {
        adminOnly(context)
        const asked = worker.queue && statsInTime(worker.queue, deps)
        const [mail, queue] = await Promise.all([worker.stats(), asked])
        return context.json({ paused: worker.isPaused, workers: worker.fleetSize, mail, ...(queue && { queue }) })
      },
      async POST(context) {
        adminOnly(context)
        const { action } = await readJson(context, deps, commandSchema)
        if (action === 'PAUSE_WORKERS') await worker.pauseAll()
        else await worker.resumeAll()
        return context.json({ paused: worker.isPaused })
      },
    },
    '/api/queue/dead-letters': {
      async GET(context) {
        adminOnly(context)
        const { tenant, limit } = check(listSchema, context.req.query())
        const asked = { limit, ...(tenant === undefined ? {} : { tenant }) }
        return context.json({ deadLetters: await queueOf().deadLetters.list(asked) })
      },
    },
    '/api/queue/dead-letters/:id': {
      async DELETE(context) {
        adminOnly(context)
        await queueOf().deadLetters.discard(context.req.param('id') ?? '')
        return context.body(null, 204)
      },
    },
    '/api/queue/dead-letters/:id/retry': {
      async POST(context) {
        adminOnly(context)
        await queueOf().deadLetters.retry(context.req.param('id') ?? '')
        return context.body(null, 204)
      },
    },
  }
}

/** The rest is in the storage: who asks must not wait for a queue that is away. */
async function statsInTime(queue: Queue, { settings }: Deps): Promise<QueueStats | 'away'> {
  const answered = new AbortController()
  const late = waitFor(settings.clock, settings.readyTimeoutMs, answered.signal).then(() => 'away' as const)
  const stats = queue.stats().catch((error: unknown) => {
    if (isWaAgentError(error)) return 'away' as const
    throw error
  })
  try {
    return await Promise.race([stats, late])
  } finally {
    answered.abort()
  }
}
