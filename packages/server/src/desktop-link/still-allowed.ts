import type { Deps, RequestContext } from '../request-context.ts'

/** Whether the key of a request that is still being answered may go on: it may have been revoked, or have expired, meanwhile. */
export async function stillAllowed(context: RequestContext, { settings }: Deps): Promise<boolean> {
  const { keyId, scope } = context.get('principal')
  const ofTenant = scope.type === 'tenant' ? { tenant: scope.tenant } : {}
  const key = (await settings.keys?.editor?.list(ofTenant))?.find(({ id }) => id === keyId)
  // Keys from configuration are in no list, and end with the process.
  if (!key) return true
  const { revokedAtMs, expiresAtMs = Number.POSITIVE_INFINITY } = key
  return revokedAtMs === undefined && expiresAtMs > settings.clock.now()
}
