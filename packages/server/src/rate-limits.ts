import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimit } from './options.ts'
import { rateLimited } from './problem.ts'

/** Counts requests by key, in this process. */
export interface Limiter {
  /** Counts one; rejects with a 429 where that is too much. */
  take(key: string): Promise<void>
  /** Takes one back. */
  giveBack(key: string): Promise<void>
}

const nothing = async () => undefined
const unlimited: Limiter = { take: nothing, giveBack: nothing }

/** A limiter, or one that lets everything pass. */
export function createLimiter(limit: RateLimit | false): Limiter {
  if (limit === false) return unlimited
  const counter = new RateLimiterMemory({ points: limit.requests, duration: limit.perMs / 1000 })
  return {
    async take(key) {
      try {
        await counter.consume(key)
      } catch (result) {
        throw rateLimited((result as RateLimiterRes).msBeforeNext)
      }
    },
    giveBack: async (key) => void (await counter.reward(key)),
  }
}
