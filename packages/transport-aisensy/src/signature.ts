import { hmacSha256Hex, sameSecret } from '@wa-agent/transport-kit'

/**
 * Whether `X-AiSensy-Signature` is of `body`: hexadecimal HMAC-SHA256 under the webhook's shared secret. AiSensy's sample
 * signs `JSON.stringify(parsedBody)`, so a body that was written differently on the wire is tried in that form too
 * (https://aisensy.stoplight.io/docs/project-api/, "Project Webhook").
 */
export function isSigned(body: Uint8Array, signature: string | null, secret: string): boolean {
  const given = signature
    ?.trim()
    .replace(/^sha256=/i, '')
    .toLowerCase()
  // Nothing else can be right, and writing a body anew costs more than looking at it.
  if (given === undefined || !/^[0-9a-f]{64}$/.test(given)) return false
  if (sameSecret(given, hmacSha256Hex(secret, body))) return true
  const rewritten = rewrittenJson(body)
  return rewritten !== undefined && sameSecret(given, hmacSha256Hex(secret, rewritten))
}

/** AiSensy's own deliveries hold one message each; writing more anew would make a wrong signature expensive for us. */
const maxRewrittenBytes = 256 * 2 ** 10

function rewrittenJson(body: Uint8Array): string | undefined {
  if (body.byteLength > maxRewrittenBytes) return undefined
  try {
    return JSON.stringify(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  } catch {
    // No JSON, no UTF-8, or nested so deeply that it cannot be written.
    return undefined
  }
}
