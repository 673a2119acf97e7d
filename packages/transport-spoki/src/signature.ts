import { hmacSha256Hex, sameSecret } from '@wa-agent/transport-kit'

/** Older than this, or from further ahead, a signature proves nothing: it may have been recorded. */
const toleranceMs = 300_000

/**
 * Checks `X-Spoki-Signature: t=<seconds>,v2=<hex>`, where `v2` is HMAC-SHA256 over `t`, a dot and the body as it came. The
 * older header `X-SPOKI-HASH` proves nothing and is not looked at.
 */
export function isSigned(
  header: string | null,
  body: Uint8Array,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): boolean {
  const fields = (header ?? '').split(',').map((field) => field.trim())
  const valuesOf = (name: string) =>
    fields.flatMap((field) => (field.startsWith(`${name}=`) ? [field.slice(name.length + 1)] : []))
  const [time, ...otherTimes] = valuesOf('t')
  if (time === undefined || otherTimes.length > 0 || !/^\d{1,12}$/.test(time)) return false
  if (Math.abs(nowMs - Number(time) * 1000) > toleranceMs) return false
  const expected = hmacSha256Hex(secret, `${time}.`, body)
  // While a secret is rotated there may be one signature for each.
  return valuesOf('v2')
    .slice(0, 5)
    .some((given) => sameSecret(given.toLowerCase(), expected))
}
