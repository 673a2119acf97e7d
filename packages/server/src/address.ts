import { isIP, isIPv6 } from 'node:net'

/**
 * Whom a request counts for: the client's address, of IPv6 the first 64 bits, since one customer has them all. With
 * trusted proxies it is what the outermost of them saw; what stands further left in the header anybody may have written.
 */
export function clientAddress(
  remote: string | undefined,
  forwardedFor: string | null | undefined,
  trustedProxies: number,
): string | undefined {
  const seen = trustedProxies > 0 ? forwardedFor?.split(',').at(-trustedProxies) : undefined
  const address = (seen === undefined ? undefined : plainAddress(seen)) ?? plainAddress(remote ?? '')
  return address !== undefined && isIPv6(address) ? networkOf(address) : address
}

function plainAddress(value: string): string | undefined {
  const trimmed = value.trim()
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed
  const unmapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1] ?? bare.replace(/%.*$/, '')
  return isIP(unmapped) === 0 ? undefined : unmapped
}

function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}
