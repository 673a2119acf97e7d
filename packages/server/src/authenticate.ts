import type { MiddlewareHandler } from 'hono'
import type { ApiKeys, Principal } from './api-keys.ts'
import type { HttpSettings } from './options.ts'
import { Problem } from './problem.ts'
import { createLimiter, type Limiter } from './rate-limits.ts'
import type { RequestEnvironment } from './request-context.ts'

const longestKey = 512

/**
 * Lets nobody through without a key, given as `Authorization: Bearer <key>` or `X-API-Key: <key>`, nor more often than the
 * address and the key may.
 */
export function authenticate(
  settings: HttpSettings,
  keys: ApiKeys,
  addresses: Limiter,
): MiddlewareHandler<RequestEnvironment> {
  const limitOf = keyLimits(settings)
  return async (context, next) => {
    const { address } = context.env
    if (address !== undefined) await addresses.take(address)
    const presented = presentedKey(context.req.raw.headers)
    const principal = presented === undefined ? undefined : await keys.verify(presented)
    if (!principal) throw unauthorized()
    const limiter = await limitOf(principal)
    await limiter.take(principal.keyId)
    context.set('principal', principal)
    await next()
  }
}

function presentedKey(headers: Headers): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1]
  const key = bearer ?? headers.get('x-api-key') ?? undefined
  return key !== undefined && key !== '' && key.length <= longestKey ? key : undefined
}

function keyLimits({ limits, tenants }: HttpSettings): (principal: Principal) => Promise<Limiter> {
  const usual = createLimiter(limits.key)
  const special = new Map<number, Limiter>()
  return async ({ scope }) => {
    if (limits.key === false || scope.type === 'admin' || !tenants) return usual
    const requests = (await tenants.tenant(scope.tenant))?.settings.requestsPerMinute
    if (requests === undefined) return usual
    const limiter = special.get(requests) ?? createLimiter({ requests, perMs: 60_000 })
    special.set(requests, limiter)
    return limiter
  }
}

function unauthorized(): Problem {
  return new Problem(401, 'unauthorized', {
    detail: 'Expected a valid key as "Authorization: Bearer <key>" or "X-API-Key: <key>".',
    headers: { 'www-authenticate': 'Bearer' },
  })
}
