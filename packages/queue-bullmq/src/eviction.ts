import type { Redis } from 'ioredis'
import type { ClientSettings } from './connection.ts'

/** Says once where Redis would forget jobs rather than refuse new ones. */
export function warnOfEviction(client: Redis, { logger, queue }: ClientSettings): void {
  let isTold = false
  const ask = async () => {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info('memory'))?.[1]
    if (isTold || policy === undefined || policy === 'noeviction') return
    isTold = true
    logger.error({ queue, policy }, 'Redis forgets jobs where its memory is full: set `maxmemory-policy noeviction`')
  }
  // Another one may answer after a failover. Not everybody may ask, and some managed ones do not tell.
  client.on('ready', () => void ask().catch(() => undefined))
}
