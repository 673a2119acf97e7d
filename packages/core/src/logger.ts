/** Where log lines go. The shape of pino's and of most loggers: fields first, then the line. */
export interface Logger {
  debug(fields: Record<string, unknown>, line: string): void
  info(fields: Record<string, unknown>, line: string): void
  warn(fields: Record<string, unknown>, line: string): void
  error(fields: Record<string, unknown>, line: string): void
}

const nothing = () => undefined

/** The default: a library is silent until somebody listens. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
