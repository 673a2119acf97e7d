import { createHmac, hash, timingSafeEqual } from 'node:crypto'

/** Whether a secret that was given is the expected one, in a time that tells nothing. An empty one never is. */
export function sameSecret(given: string | null | undefined, expected: string): boolean {
  if (!given || !expected) return false
  // Digests have one length, so that neither the length nor the first difference shows in the time.
  return timingSafeEqual(digest(given), digest(expected))
}

/** HMAC-SHA256 over the parts as if they were one, in lowercase hex. */
export function hmacSha256Hex(secret: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

function digest(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}
