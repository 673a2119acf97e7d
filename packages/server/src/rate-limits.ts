import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimit } from './options.ts'
import { rateLimited } from './problem.ts'

/** Counts requests by key, in this process. */
export interface Limiter {
  /** Counts one; rejects with a 429 where that is too much. */
  take(key: string): Promise<void>
  /** Rejects with a 429 where too much was counted already; counts nothing. */
  check(key: string): Promise<void>
  /** Counts one and lets it pass. */
  count(key: string): Promise<void>
  /** Takes one back. */
  giveBack(key: string): Promise<void>
}

const nothing = async () => undefined
const unlimited: Limiter = { take: nothing, check: nothing, count: nothing, giveBack: nothing }

/** A limiter, or one that lets everything pass. */
export function createLimiter(limit: RateLimit | false): Limiter {
  if (limit === false) return unlimited
  const counter = new RateLimiterMemory({ points: limit.requests, duration: limit.perMs / 1000 })
  let hasCounted = false
  return {
    async take(key) {
      hasCounted = true
      try {
        await counter.consume(key)
      } catch (result) {
        throw rateLimited((result as RateLimiterRes).msBeforeNext)
      }
    },
    async check(key) {
      if (!hasCounted) return
      const result = await counter.get(key)
      if (result && result.consumedPoints >= limit.requests && result.msBeforeNext > 0)
        throw rateLimited(result.msBeforeNext)
    },
    async count(key) {
      hasCounted = true
      await counter.penalty(key)
    },
    giveBack: async (key) => void (await counter.reward(key)),
  }
}
