import { type Logger, silentLogger } from '../logger.ts'
import { currentTelemetry } from './telemetry.ts'

type Fields = Record<string, unknown>

/** A logger whose lines name the trace that is active, where there is one. */
export function tracedLogger(logger: Logger = silentLogger): Logger {
  return mapped(logger, traced)
}

/** A logger whose lines say whose they are; what a line names itself counts more. */
export function boundLogger(logger: Logger, bound: Fields): Logger {
  return mapped(logger, (fields) => ({ ...bound, ...fields }))
}

function mapped(logger: Logger, map: (fields: Fields) => Fields): Logger {
  if (logger === silentLogger) return logger
  return {
    debug: (fields, line) => logger.debug(map(fields), line),
    info: (fields, line) => logger.info(map(fields), line),
    warn: (fields, line) => logger.warn(map(fields), line),
    error: (fields, line) => logger.error(map(fields), line),
  }
}

function traced(fields: Fields): Fields {
  const { traceId } = currentTelemetry()
  return traceId === undefined ? fields : { ...fields, traceId }
}
