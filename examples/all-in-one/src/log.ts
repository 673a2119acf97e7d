import type { Logger } from '@wa-agent/core'
import { pino } from 'pino'
import type { Settings } from './settings.ts'

/** Log lines to standard error, so that standard output is the chat's or the summary's. No line holds a message's text. */
export function createLog(level: Settings['LOG_LEVEL'], otherwise: 'info' | 'warn'): Logger {
  return pino({ level: level ?? otherwise, base: null }, pino.destination({ dest: 2, sync: true }))
}
