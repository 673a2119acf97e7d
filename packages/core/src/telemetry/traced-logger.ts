import { type Logger, silentLogger } from '../logger.ts'
import { currentTelemetry } from './telemetry.ts'

/** A logger whose lines name the trace that is active, where there is one. */
export function tracedLogger(logger: Logger = silentLogger): Logger {
  if (logger === silentLogger) return logger
  return {
    debug: (fields, line) => logger.debug(traced(fields), line),
    info: (fields, line) => logger.info(traced(fields), line),
    warn: (fields, line) => logger.warn(traced(fields), line),
    error: (fields, line) => logger.error(traced(fields), line),
  }
}

function traced(fields: Record<string, unknown>): Record<string, unknown> {
  const { traceId } = currentTelemetry()
  return traceId === undefined ? fields : { ...fields, traceId }
}
