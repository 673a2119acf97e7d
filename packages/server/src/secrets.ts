import { createHash, timingSafeEqual } from 'node:crypto'
import { WaAgentError } from '@wa-agent/core'

const minimumLength = 16

/** What placeholders are made of: `changeme`, `my_secret_here`, `supersecret`. Compared without case and separators. */
const words = [
  'abc|access|admin|api|app|asdf|auth|change|client|default|demo|dummy|enter|example|fake|foo|bar|here|hello',
  'insecure|insert|it|key|letmein|me|my|none|null|pass|passw0rd|password|phrase|placeholder|please|put|qwerty',
  'replace|sample|secret|sk|strong|super|test|testing|the|todo|token|top|undefined|value|verify|webhook|welcome',
  'your',
]
const onlyWords = new RegExp(`^(?:${words.join('|')})+$`)

/**
 * Throws `invalid_options` where a secret is missing, shorter than 16 characters, or looks like one that nobody chose
 * (`changeme`, `your-secret-here`, one character repeated). `name` is what to correct; the secret is never shown.
 */
export function checkSecret(name: string, secret: unknown): asserts secret is string {
  if (typeof secret !== 'string' || secret.trim() === '') throw weak(name, 'it is missing')
  if (looksDefault(secret)) throw weak(name, 'it looks like a placeholder')
  if (secret.length < minimumLength) throw weak(name, `it has fewer than ${minimumLength} characters`)
}

/** Whether a secret looks like one that nobody chose. */
export function looksDefault(secret: string): boolean {
  const plain = secret.toLowerCase()
  const parts = plain.split(/[^a-z0-9]+/)
  const bare = parts.map((part) => part.replace(/\d+$|^(.)\1+$/, '')).join('')
  if (bare === '' ? /^(?:0*|1*|0?1234567890?.*)$/.test(parts.join('')) : onlyWords.test(bare)) return true
  if (/change.?me|replace.?me|your.{0,10}(?:secret|key|token|password)|^<.*>$|^\$\{.*\}$/.test(plain)) return true
  return new Set(plain).size < 4
}

/** SHA-256, by which secrets are compared and kept. */
export function digest(secret: string): Uint8Array {
  return createHash('sha256').update(secret, 'utf8').digest()
}

/** Whether two digests are the same; takes equally long whatever they are. */
export function sameDigest(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

function weak(name: string, why: string): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[server] Expected \`${name}\` to be a secret of at least ${minimumLength} characters, but ${why}. Make one: openssl rand -base64 32`,
  )
}
