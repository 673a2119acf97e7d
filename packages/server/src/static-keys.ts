import type { ApiKeys, KeyScope, Principal } from './api-keys.ts'
import { wrongOption } from './option-error.ts'
import { checkSecret, digest, sameDigest } from './secrets.ts'
import { isTenantId } from './tenants.ts'

/** A key from configuration. */
export interface StaticKey {
  /** Its name in logs; no secret. */
  readonly id: string
  /** At least 16 characters. */
  readonly key: string
  readonly scope: KeyScope
}

/** Keys from configuration. Throws `invalid_options` for a key that is missing, short or looks like a default. */
export function staticKeys(keys: readonly StaticKey[]): ApiKeys {
  if (!Array.isArray(keys) || keys.length === 0) throw wrongOption('keys', 'a list of at least one key', keys)
  const known = keys.map(({ id, key, scope }) => {
    if (typeof id !== 'string' || id === '') throw wrongOption('keys[].id', 'a name for the logs', id)
    checkSecret(`keys[${id}].key`, key)
    if (scope?.type !== 'admin' && !(scope?.type === 'tenant' && isTenantId(scope.tenant)))
      throw wrongOption(`keys[${id}].scope`, "{ type: 'admin' } or { type: 'tenant', tenant }", scope)
    return { hash: digest(key), principal: { keyId: id, scope } }
  })
  return {
    async verify(presented) {
      const hash = digest(presented)
      let found: Principal | undefined
      // All are compared, so that the time tells nothing.
      for (const { hash: expected, principal } of known) if (sameDigest(hash, expected)) found = principal
      return found
    },
  }
}

/** Asks one after the other; the first that has an editor lends it. */
export function combinedKeys(all: readonly ApiKeys[]): ApiKeys {
  const editor = all.find((keys) => keys.editor)?.editor
  return {
    async verify(presented) {
      for (const keys of all) {
        const principal = await keys.verify(presented)
        if (principal) return principal
      }
      return undefined
    },
    ...(editor ? { editor } : {}),
  }
}
