import { type Logger, pino } from 'pino'
import type { Settings } from './settings.ts'

/** Lines of JSON on standard output. */
export function loggerOf({ LOG_LEVEL: level }: Settings): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
}
