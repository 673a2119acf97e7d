import { isIP } from 'node:net'

/** An address that may be fetched, and how careful one must be. */
export interface AllowedUrl {
  readonly url: URL
  /** The list names this origin with its scheme, so whoever wrote it means it, wherever it is. */
  readonly trusted: boolean
}

/**
 * Checks a URL against a list of hosts: `cdn.example.com` is that host, `.example.com` every host below it, both by https on
 * the usual port; `http://127.0.0.1:8080` is that origin. `undefined` where it is not allowed.
 */
export function allowedUrl(text: string, allowedHosts: readonly string[]): AllowedUrl | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username || url.password) return undefined
  if (allowedHosts.some((entry) => isOrigin(entry) && originOf(entry) === url.origin)) return { url, trusted: true }
  if (url.protocol !== 'https:' || url.port !== '' || isIP(url.hostname.replace(/^\[|\]$/g, ''))) return undefined
  const named = allowedHosts.some((entry) =>
    entry.startsWith('.') ? url.hostname.endsWith(entry.toLowerCase()) : url.hostname === entry.toLowerCase(),
  )
  return named ? { url, trusted: false } : undefined
}

/** Whether an entry of the list can be understood. */
export function isAllowedHost(entry: unknown): entry is string {
  if (typeof entry !== 'string') return false
  if (isOrigin(entry)) return originOf(entry) === entry.replace(/\/$/, '').toLowerCase()
  return /^\.?[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(entry)
}

function isOrigin(entry: string): boolean {
  return /^https?:\/\//i.test(entry)
}

function originOf(entry: string): string | undefined {
  return URL.canParse(entry) ? new URL(entry).origin : undefined
}
