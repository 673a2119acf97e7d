import { checkNames, isWaAgentError, type NamesOf, WaAgentError } from '@wa-agent/core'
import type { BullmqQueue } from '../bullmq-queue.ts'
import { loadBoard, type Page } from './load-board.ts'

/** How the page is made. */
export interface BullBoardOptions {
  /** Where it is mounted. Default `/queues`. */
  readonly basePath?: string
  /**
   * Shows what is in the jobs, which is what customers wrote, and lets it be changed. Default false: who a job is of, and
   * how large it is.
   */
  readonly showData?: boolean
  /** Only shows. Default false: jobs can be retried, promoted and removed, and the queue be paused. */
  readonly readOnly?: boolean
}

/** A page to mount behind a key: it asks for none itself. */
export interface BullBoard {
  readonly path: string
  /**
   * Answers what is below `path`; 503 with a problem while Redis is away. Rejects with `invalid_options` where
   * `@bull-board/api`, `@bull-board/hono` or `hono` is not installed.
   */
  fetch(request: Request): Promise<Response>
}

const optionNames: NamesOf<BullBoardOptions> = { basePath: true, showData: true, readOnly: true }

/** Bull Board over a queue: how much there is, what failed, and what to do about it. It is loaded with the first request. */
export function bullBoard(queue: BullmqQueue, options: BullBoardOptions = {}): BullBoard {
  checkNames('bullBoard', options, optionNames)
  const { basePath = '/queues', showData = false, readOnly = false } = options
  if (typeof queue?.broker?.addBulk !== 'function') throw wrong('queue', 'a queue from bullmqQueue()', typeof queue)
  if (!/^\/[\w-]+(\/[\w-]+)*$/.test(basePath)) throw wrong('basePath', 'a path like /queues', basePath)
  let page: Promise<Page> | undefined
  return {
    path: basePath,
    async fetch(request) {
      const refusal = refusalOf(request, showData)
      if (refusal) return Response.json({ error: refusal }, { status: 403 })
      page ??= loadBoard(queue, { basePath, showData, readOnly })
      // What is a file needs no Redis.
      const asksRedis = new URL(request.url).pathname.startsWith(`${basePath}/api/`)
      const away = asksRedis ? await awayOf(queue) : undefined
      return withManners(away ?? (await (await page)(request)))
    },
  }
}

/** What must not be done, and why. */
function refusalOf(request: Request, showData: boolean): string | undefined {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined
  // A browser that knows the password sends it along wherever the request comes from.
  const site = request.headers.get('sec-fetch-site') ?? 'same-origin'
  if (site !== 'same-origin' && site !== 'none') return 'Requests of other sites are refused.'
  const { pathname } = new URL(request.url)
  // The page would write back what it shows.
  if (!showData && /\/(add|update-data)$/.test(pathname)) return 'Data that is not shown cannot be copied or changed.'
  return undefined
}

/** What is answered while Redis is away or refuses, which Bull Board calls a fault of its own; `undefined` while it is there. */
async function awayOf(queue: BullmqQueue): Promise<Response | undefined> {
  try {
    await queue.stats()
    return undefined
  } catch (error) {
    if (!isWaAgentError(error) || error.code !== 'queue_unavailable') return undefined
    const detail = error.message.replace('[bullmqQueue] ', '')
    const problem = { type: 'urn:wa-agent:problem:unavailable', title: 'Service Unavailable', status: 503, detail }
    // The page itself shows `error` and `message`.
    const shown = { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message: detail }
    const headers = { 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': '1' }
    return Response.json({ ...problem, ...shown }, { status: 503, headers })
  }
}

/** The page needs nothing of other hosts: who looks at a queue is nobody else's business. */
async function withManners(response: Response): Promise<Response> {
  const headers = new Headers(response.headers)
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-content-type-options', 'nosniff')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  const { status } = response
  if (!headers.get('content-type')?.startsWith('text/html')) return new Response(response.body, { status, headers })
  const html = await response.text()
  headers.delete('content-length')
  return new Response(html.replace(/<link [^>]*href="https:[^>]*>/g, ''), { status, headers })
}

function wrong(option: string, expected: string, got: string): WaAgentError {
  return new WaAgentError('invalid_options', `[bullBoard] Expected \`${option}\` to be ${expected}, got ${got}.`)
}
