import type { NamesOf } from '../check-names.ts'
import { sendLimitNames } from '../governor/limits.ts'
import type { OptOutOptions } from '../opt-out.ts'
import type { TelemetryOptions } from '../telemetry/options.ts'
import type { BotOptions, CoalesceOptions, RetryOptions } from './options.ts'

/** How messages are gathered, by name. */
export const coalesceNames: NamesOf<CoalesceOptions> = { settleMs: true, maxWaitMs: true, maxMessages: true }
const retry: NamesOf<RetryOptions> = { maxAttempts: true, baseMs: true, maxMs: true, jitter: true }
/** How STOP is understood, by name. */
export const optOutNames: NamesOf<OptOutOptions> = {
  stopWords: 'list',
  startWords: 'list',
  stopText: true,
  startText: true,
}

/** Where traces and metrics go, by name. */
export const telemetryNames: NamesOf<TelemetryOptions> = {
  tracerProvider: 'object',
  meterProvider: 'object',
  tenantLabels: true,
  channelLabels: true,
}

/** The options of `createBot` by name. */
export const botOptionNames: NamesOf<BotOptions> = {
  transports: 'list',
  storage: true,
  pipeline: true,
  concurrency: true,
  coalesce: coalesceNames,
  retry,
  sendRetry: retry,
  sendTimeoutMs: true,
  uncertain: true,
  fallbackText: true,
  optOut: optOutNames,
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
  telemetry: telemetryNames,
}
