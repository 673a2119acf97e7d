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

/** Throws `invalid_options` for limits that would let nothing out or mean nothing; `where` names their place. */
export function checkLimits(limits: SendLimits, where: string): SendLimits {
  const { messagesPerSecond, perChat, cold = {} } = limits
  const { perDay, warmUp, pauseMs, quietHours, timeZone } = cold
  const need = (name: string, isRight: boolean, expected: string) => {
    if (isRight) return
    throw new WaAgentError(
      'invalid_options',
      `Expected \`${where}.${name}\` to be ${expected}. Correct it or leave it out.`,
    )
  }
  need('messagesPerSecond', isAtLeast(messagesPerSecond, 1), 'a number of at least 1')
  need('perChat.everyMs', isAtLeast(perChat?.everyMs, 0), 'milliseconds of at least 0')
  need('perChat.burst', isAtLeast(perChat?.burst, 1), 'a number of at least 1')
  need('cold.perDay', isAtLeast(perDay, 0), 'a number of at least 0')
  need('cold.warmUp.firstDay', isAtLeast(warmUp?.firstDay, 1), 'a number of at least 1')
  need('cold.warmUp.factor', isAtLeast(warmUp?.factor, 1), 'a number of at least 1')
  need('cold.pauseMs.least', isAtLeast(pauseMs?.least, 0), 'milliseconds of at least 0')
  need('cold.pauseMs.most', isAtLeast(pauseMs?.most, pauseMs?.least ?? 0), 'at least as long as `least`')
  need('cold.quietHours.from', !quietHours || minuteOf(quietHours.from) !== undefined, 'a time such as "21:00"')
  need('cold.quietHours.until', !quietHours || minuteOf(quietHours.until) !== undefined, 'a time such as "08:00"')
  need('cold.timeZone', timeZone === undefined || isTimeZone(timeZone), 'an IANA time zone such as "Asia/Kolkata"')
  return limits
}

function isAtLeast(value: number | undefined, least: number): boolean {
  return value === undefined || (Number.isFinite(value) && value >= least)
}
