import type { Logger } from '@wa-agent/core'
import type { HttpMetrics } from './metrics/http-metrics.ts'
import type { Settings } from './options.ts'

/** Sent with every answer: nothing here is a page, and nothing may be kept by caches. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

/** One answered request. `route` is the pattern: paths and queries may hold secrets. */
export interface Answered {
  readonly requestId: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly startedAtMs: number
}

const known: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const quietRoutes: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics'])

/** What is known of the requests in work: how many, their ids, and whether new ones are taken. */
export class Answering {
  readonly #logger: Logger
  readonly #idle = new Set<() => void>()
  /** Ids differ between processes and starts, and are cheap to make. */
  readonly #idPrefix: string
  #count = 0
  #inWork = 0
  isStopping = false
  /** Present where somebody wants them. */
  metrics: HttpMetrics | undefined

  constructor({ logger, createId }: Pick<Settings, 'logger' | 'createId'>) {
    this.#logger = logger
    this.#idPrefix = `${createId().replaceAll('-', '').slice(-12)}-`
  }

  get inWork(): number {
    return this.#inWork
  }

  /** A request begins; the result is its id. */
  begin(): string {
    this.#inWork += 1
    this.#count += 1
    return this.#idPrefix + this.#count.toString(36)
  }

  /** It is answered. */
  end({ requestId, method, route, status, startedAtMs }: Answered): void {
    this.#inWork -= 1
    const fields = {
      requestId,
      // The method is the client's to choose, at any length.
      method: known.has(method) ? method : 'other',
      route,
      status,
      durationMs: Math.round((performance.now() - startedAtMs) * 1000) / 1000,
    }
    this.metrics?.answered(fields)
    if (status >= 500) this.#logger.error(fields, 'answered')
    else if (status >= 400) this.#logger.warn(fields, 'answered')
    else if (quietRoutes.has(route)) this.#logger.debug(fields, 'answered')
    else this.#logger.info(fields, 'answered')
    if (this.#inWork === 0) for (const done of this.#idle) done()
  }

  /** Resolves when no request is in work. */
  async drained(): Promise<void> {
    if (this.#inWork === 0) return
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#idle.delete(done)
        resolve()
      }
      this.#idle.add(done)
    })
  }
}
