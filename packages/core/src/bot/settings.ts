import type { BackoffOptions } from '../backoff.ts'
import { checkNames } from '../check-names.ts'
import { type Clock, steadyClock, systemClock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'
import type { SendLimits } from '../governor/limits.ts'
import type { Logger } from '../logger.ts'
import { createOptOut, type OptOut } from '../opt-out.ts'
import { readTelemetryOptions, type TelemetryOptions } from '../telemetry/options.ts'
import { tracedLogger } from '../telemetry/traced-logger.ts'
import { botOptionNames } from './option-names.ts'
import type { BotOptions, RetryOptions } from './options.ts'
import { timeOrderedId } from './time-ordered-id.ts'

/** The options with their defaults, checked. */
export interface Settings {
  readonly concurrency: number
  readonly settleMs: number
  readonly maxWaitMs: number
  readonly maxMessages: number
  readonly retry: BackoffOptions & { readonly maxAttempts: number }
  readonly sendRetry: BackoffOptions & { readonly maxAttempts: number }
  readonly sendTimeoutMs: number
  readonly uncertain: 'hold' | 'resend'
  readonly fallbackText: string | false
  readonly optOut: OptOut
  readonly ownerHandoffMs: number | false
  readonly limits: SendLimits | undefined
  readonly windowReleaseMs: number | false
  readonly catchUpMaxAgeMs: number
  readonly leaseMs: number
  readonly sweepMs: number
  readonly stopTimeoutMs: number
  readonly clock: Clock
  readonly createId: () => string
  readonly random: () => number
  readonly logger: Logger
  readonly telemetry: TelemetryOptions
}

/** What decides how a message is taken in. */
export type DoorSettings = Pick<Settings, 'optOut' | 'ownerHandoffMs' | 'settleMs' | 'maxWaitMs'>

/** Completes and checks the options of `createBot`. Throws `invalid_options` for the first that cannot be. */
export function readSettings(options: BotOptions): Settings {
  checkNames('createBot', options, botOptionNames)
  checkParts(options)
  const { coalesce = {} } = options
  const clock = steadyClock(options.clock ?? systemClock)
  return {
    concurrency: count('concurrency', options.concurrency, 100),
    ...readDoorSettings(options),
    maxMessages: count('coalesce.maxMessages', coalesce.maxMessages, 50),
    retry: retrySettings('retry', options.retry, 5),
    sendRetry: retrySettings('sendRetry', options.sendRetry, 8),
    sendTimeoutMs: count('sendTimeoutMs', options.sendTimeoutMs, 30_000),
    uncertain: options.uncertain ?? 'hold',
    fallbackText: options.fallbackText ?? 'Sorry, something went wrong on our side. A person will look into it.',
    limits: options.limits,
    windowReleaseMs:
      options.windowReleaseMs === false ? false : atLeast0('windowReleaseMs', options.windowReleaseMs, 86_400_000),
    catchUpMaxAgeMs: atLeast0('catchUpMaxAgeMs', options.catchUpMaxAgeMs, 86_400_000),
    leaseMs: count('leaseMs', options.leaseMs, 60_000),
    sweepMs: count('sweepMs', options.sweepMs, 1000),
    stopTimeoutMs: atLeast0('stopTimeoutMs', options.stopTimeoutMs, 30_000),
    clock,
    createId: options.createId ?? (() => timeOrderedId(clock.now())),
    random: options.random ?? Math.random,
    logger: tracedLogger(options.logger),
    telemetry: readTelemetryOptions('createBot', options.telemetry),
  }
}

/** What decides how a message is taken in, checked. */
export function readDoorSettings({
  coalesce = {},
  optOut,
  ownerHandoffMs,
}: Pick<BotOptions, 'coalesce' | 'optOut' | 'ownerHandoffMs'>): DoorSettings {
  return {
    settleMs: atLeast0('coalesce.settleMs', coalesce.settleMs, 0),
    maxWaitMs: atLeast0('coalesce.maxWaitMs', coalesce.maxWaitMs, 10_000),
    optOut: createOptOut(optOut),
    ownerHandoffMs: ownerHandoffMs === false ? false : atLeast0('ownerHandoffMs', ownerHandoffMs, 3_600_000),
  }
}

function checkParts({ transports, storage, pipeline, uncertain, clock, fallbackText }: BotOptions): void {
  if (!Array.isArray(transports)) throw wrong('transports', 'a list of transports', transports)
  if (!storage || typeof storage.append !== 'function')
    throw wrong('storage', 'a storage such as memoryStorage()', storage)
  if (!pipeline || typeof pipeline.run !== 'function')
    throw wrong('pipeline', 'a pipeline from createPipeline()', pipeline)
  if (clock !== undefined && typeof clock.now !== 'function')
    throw wrong('clock', 'a clock with now() and after()', clock)
  if (fallbackText !== undefined && fallbackText !== false && typeof fallbackText !== 'string')
    throw wrong('fallbackText', 'a text or false', fallbackText)
  if (uncertain !== undefined && uncertain !== 'hold' && uncertain !== 'resend')
    throw wrong('uncertain', '"hold" or "resend"', uncertain)
}

function retrySettings(name: string, { maxAttempts, ...backoff }: RetryOptions = {}, attempts: number) {
  for (const [part, value] of Object.entries(backoff)) atLeast0(`${name}.${part}`, value, 0)
  return { ...backoff, maxAttempts: count(`${name}.maxAttempts`, maxAttempts, attempts) }
}

function count(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isInteger(value) && value > 0) return value
  throw wrong(name, 'a whole number above 0', value)
}

function atLeast0(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isFinite(value) && value >= 0) return value
  throw wrong(name, name.endsWith('Ms') ? 'milliseconds of at least 0' : 'a number of at least 0', value)
}

function wrong(name: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'object' || typeof got === 'function' ? typeof got : JSON.stringify(got)
  return new WaAgentError('invalid_options', `[createBot] Expected \`${name}\` to be ${expected}, got ${shown}.`)
}
