import type { ClientSettings } from './connection.ts'
import { codeOf } from './unavailable.ts'

/** What has not happened for so long is over. */
const quietMs = 60_000

/** Says once for each code what is wrong, however often it happens, until it is over. */
export function troubleLog({ logger, queue }: Pick<ClientSettings, 'logger' | 'queue'>, now = Date.now) {
  const lastAtMs = new Map<string, number>()
  return (error: unknown): void => {
    const code = codeOf(error)
    const isNew = now() - (lastAtMs.get(code) ?? Number.NEGATIVE_INFINITY) > quietMs
    lastAtMs.set(code, now())
    if (isNew) logger.warn({ queue, error: code }, 'the worker had trouble')
  }
}
