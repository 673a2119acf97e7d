import type { NamesOf } from '../check-names.ts'
import { sendLimitNames } from '../governor/limits.ts'
import type { OptOutOptions } from '../opt-out.ts'
import type { BotOptions, CoalesceOptions, RetryOptions } from './options.ts'

const coalesce: NamesOf<CoalesceOptions> = { settleMs: true, maxWaitMs: true, maxMessages: true }
const retry: NamesOf<RetryOptions> = { maxAttempts: true, baseMs: true, maxMs: true, jitter: true }
const optOut: NamesOf<OptOutOptions> = { stopWords: 'list', startWords: 'list', stopText: true, startText: true }

/** The options of `createBot` by name. */
export const botOptionNames: NamesOf<BotOptions> = {
  transports: 'list',
  storage: true,
  pipeline: true,
  concurrency: true,
  coalesce,
  retry,
  sendRetry: retry,
  sendTimeoutMs: true,
  uncertain: true,
  fallbackText: true,
  optOut,
  ownerHandoffMs: true,
  limits: sendLimitNames,
  windowReleaseMs: true,
  catchUpMaxAgeMs: true,
  leaseMs: true,
  sweepMs: true,
  stopTimeoutMs: true,
  clock: 'object',
  createId: 'function',
  random: 'function',
  logger: 'object',
}
