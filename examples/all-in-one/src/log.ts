import type { Logger } from '@wa-agent/core'
import { pino } from 'pino'
import type { Settings } from './settings.ts'

const standardError = 2

/** Where log lines go: the chat in a terminal must not be torn apart by them, so a file takes them there. */
export function createLog(level: Settings['LOG_LEVEL'] = 'info', file?: string): Logger {
  const destination = pino.destination({ dest: file ?? standardError, sync: true, mkdir: true })
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}
