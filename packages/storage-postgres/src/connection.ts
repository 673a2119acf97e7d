import type { ClientConfig } from 'pg'
import type { Settings } from './options.ts'

/** The server is asked so often whether our connection still lives. */
const keepAliveAfterMs = 10_000

const urlSays = ['sslmode', 'sslcert', 'sslkey', 'sslrootcert']

/** How to connect to a URL. What the option `ssl` says counts: `pg` would prefer what the URL says. */
export function connectionTo(url: string, { ssl, answerTimeoutMs }: Settings): ClientConfig {
  return {
    connectionString: ssl === undefined ? url : withoutSsl(url),
    connectionTimeoutMillis: answerTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    ...(ssl === undefined ? {} : { ssl }),
  }
}

function withoutSsl(url: string): string {
  const parsed = new URL(url)
  for (const name of urlSays) parsed.searchParams.delete(name)
  return parsed.href
}
