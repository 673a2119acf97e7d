import { dirname, join } from 'node:path'
import { type Logger, pino } from 'pino'
import { rollingFile } from './rolling-file.ts'
import type { Settings } from './settings.ts'

/** Where the log is: beside the database. */
export function logFileOf({ DATABASE }: Settings): string {
  return join(dirname(DATABASE), 'desktop-agent.log')
}

/** Writes log lines to a file, because the terminal belongs to the owner. They hold no message text and no secret. */
export function createLog(settings: Settings): Logger {
  const file = rollingFile(logFileOf(settings))
  return pino({ level: settings.LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime }, file)
}
