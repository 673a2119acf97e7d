import { createHash, timingSafeEqual } from 'node:crypto'
import { WaAgentError } from '@wa-agent/core'

const minimumLength = 16

/** Words that people leave in templates. Compared without case, digits at the end and separators. */
const placeholders: ReadonlySet<string> = new Set([
  'admin',
  'apikey',
  'changeit',
  'changeme',
  'default',
  'demo',
  'dummy',
  'example',
  'foobar',
  'insecure',
  'key',
  'letmein',
  'mysecret',
  'none',
  'null',
  'password',
  'placeholder',
  'qwerty',
  'replaceme',
  'sample',
  'secret',
  'secretkey',
  'supersecret',
  'test',
  'testing',
  'todo',
  'token',
  'undefined',
  'your',
  'yourapikey',
  'yoursecret',
])

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
  const words = plain.split(/[^a-z0-9]+/).filter((word) => word !== '')
  const bare = words.join('').replace(/\d+$/, '')
  if (bare === '' ? /^(?:0*|1*|0?1234567890?.*)$/.test(words.join('')) : placeholders.has(bare)) return true
  if (/change.?me|replace.?me|your.{0,10}(?:secret|key|token|password)|^<.*>$|^\$\{.*\}$/.test(plain)) return true
  return new Set(plain).size < 4 || words.every((word) => placeholders.has(word.replace(/\d+$/, '')))
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
