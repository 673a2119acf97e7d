import { checkNames, type NamesOf } from '../check-names.ts'
import { WaAgentError } from '../errors.ts'
import { isTimeZone, minuteOf } from './local-time.ts'

/**
 * How fast a channel may send. What answers a customer goes before what nobody asked for ("cold"), whatever the limits are.
 */
export interface SendLimits {
  /** Of the whole channel, in any second. Default: no limit. */
  readonly messagesPerSecond?: number
  /** To one chat: `burst` messages at once, and then one every so many milliseconds. Default: no limit. */
  readonly perChat?: { readonly everyMs: number; readonly burst: number }
  readonly cold?: ColdLimits
}

/** Limits for what nobody asked for: numbers that send much of it are blocked. */
export interface ColdLimits {
  /** Messages on one day in `timeZone`. Default: no limit. */
  readonly perDay?: number
  /** A new number begins with `firstDay` messages and may send `factor` times as many each day, up to `perDay`. */
  readonly warmUp?: { readonly firstDay: number; readonly factor: number }
  /** A random pause between two of them. Default: none. */
  readonly pauseMs?: { readonly least: number; readonly most: number }
  /** Nothing cold goes out from `from` until `until`, as `21:00` and `08:00` in `timeZone`. */
  readonly quietHours?: { readonly from: string; readonly until: string }
  /** An IANA name such as `Asia/Kolkata`. Default `UTC`. */
  readonly timeZone?: string
}

/** The limits by name, for options that hold them. */
export const sendLimitNames: NamesOf<SendLimits> = {
  messagesPerSecond: true,
  perChat: { everyMs: true, burst: true },
  cold: {
    perDay: true,
    warmUp: { firstDay: true, factor: true },
    pauseMs: { least: true, most: true },
    quietHours: { from: true, until: true },
    timeZone: true,
  } satisfies NamesOf<ColdLimits>,
}

/** Throws `invalid_options` for limits that would let nothing out or mean nothing; `where` names their place. */
export function checkLimits(limits: SendLimits, where: string): SendLimits {
  checkNames(where, limits, sendLimitNames)
  const { messagesPerSecond, perChat, cold = {} } = limits
  const { perDay, warmUp, pauseMs, quietHours, timeZone } = cold
  const need = (name: string, isRight: boolean, expected: string) => {
    if (isRight) return
    throw new WaAgentError(
      'invalid_options',
      `Expected \`${where}.${name}\` to be ${expected}. Correct it or leave it out.`,
    )
  }
  need('messagesPerSecond', messagesPerSecond === undefined || isNumber(messagesPerSecond, 1), 'a number of at least 1')
  need('perChat.everyMs', !perChat || isNumber(perChat.everyMs, 0), 'milliseconds of at least 0')
  need('perChat.burst', !perChat || isNumber(perChat.burst, 1), 'a number of at least 1')
  need('cold.perDay', perDay === undefined || isNumber(perDay, 0), 'a number of at least 0')
  need('cold.warmUp.firstDay', !warmUp || isNumber(warmUp.firstDay, 1), 'a number of at least 1')
  need('cold.warmUp.factor', !warmUp || isNumber(warmUp.factor, 1), 'a number of at least 1')
  need('cold.pauseMs.least', !pauseMs || isNumber(pauseMs.least, 0), 'milliseconds of at least 0')
  need('cold.pauseMs.most', !pauseMs || isNumber(pauseMs.most, pauseMs.least), 'at least as long as `least`')
  need('cold.quietHours.from', !quietHours || minuteOf(quietHours.from) !== undefined, 'a time such as "21:00"')
  need('cold.quietHours.until', !quietHours || minuteOf(quietHours.until) !== undefined, 'a time such as "08:00"')
  need('cold.timeZone', timeZone === undefined || isTimeZone(timeZone), 'an IANA time zone such as "Asia/Kolkata"')
  return limits
}

function isNumber(value: number, least: number): boolean {
  return Number.isFinite(value) && value >= least
}
