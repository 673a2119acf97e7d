import type { ClientConfig } from 'pg'
import type { Settings } from './options.ts'

/** The server is asked so often whether our connection still lives. */
const keepAliveAfterMs = 10_000

const aboutTls = new Set(['ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'sslnegotiation', 'uselibpqcompat'])

/** What `pg` 8 takes for `verify-full`, with a warning on the console that the next version will check less. */
const verifying = /^sslmode=(prefer|require|verify-ca)$/

/** How to connect to a URL. What the option `ssl` says counts: `pg` would prefer what the URL says. */
export function connectionTo(url: string, { ssl, answerTimeoutMs }: Settings): ClientConfig {
  return {
    connectionString: ssl === undefined ? verified(url) : withoutSsl(url),
    connectionTimeoutMillis: answerTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    ...(ssl === undefined ? {} : { ssl }),
  }
}

function verified(url: string): string {
  if (/[?&]uselibpqcompat=true(&|$)/.test(url)) return url
  return withParameters(url, (pairs) => pairs.map((pair) => pair.replace(verifying, 'sslmode=verify-full')))
}

function withoutSsl(url: string): string {
  return withParameters(url, (pairs) => pairs.filter((pair) => !aboutTls.has(pair.split('=')[0] ?? '')))
}

/** As text: `URL` does not know all that `pg` reads, and quotes the password where it fails. */
function withParameters(url: string, change: (pairs: readonly string[]) => readonly string[]): string {
  const at = url.indexOf('?')
  if (at < 0) return url
  const pairs = change(url.slice(at + 1).split('&'))
  return pairs.length > 0 ? `${url.slice(0, at)}?${pairs.join('&')}` : url.slice(0, at)
}
