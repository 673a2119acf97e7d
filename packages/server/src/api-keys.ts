import { randomBytes } from 'node:crypto'
import { digest } from './secrets.ts'

/** What a key may do: everything, or everything of one tenant. */
export type KeyScope = { readonly type: 'admin' } | { readonly type: 'tenant'; readonly tenant: string }

/** Who asks. */
export interface Principal {
  /** The id of the key, which is no secret. */
  readonly keyId: string
  readonly scope: KeyScope
}

/** A key as it is listed: all but the secret, which nobody has any more. Times in milliseconds since 1970. */
export interface ApiKey {
  readonly id: string
  /** What it is for, in your words. */
  readonly name: string
  readonly scope: KeyScope
  readonly createdAtMs: number
  readonly expiresAtMs?: number
  readonly revokedAtMs?: number
  /** Up to ten minutes early, so that not every request writes. */
  readonly lastUsedAtMs?: number
}

/** A key to be made. */
export interface NewApiKey {
  readonly name: string
  readonly scope: KeyScope
  readonly expiresAtMs?: number
}

/** Keys that can be made and revoked while the server runs. */
export interface ApiKeyEditor {
  /** Makes a key. `secret` is shown here and never again: only its SHA-256 is kept. */
  create(key: NewApiKey): Promise<{ readonly key: ApiKey; readonly secret: string }>
  /** All keys, or those of one tenant. */
  list(query?: { readonly tenant?: string }): Promise<readonly ApiKey[]>
  /** Ends a key at once. False where there is none of this id (of this tenant), or it was revoked before. */
  revoke(id: string, query?: { readonly tenant?: string }): Promise<boolean>
}

/** Tells whose key it is. */
export interface ApiKeys {
  /** `undefined` for a key that is unknown, revoked or expired. Takes equally long for any secret of a known id. */
  verify(presented: string): Promise<Principal | undefined>
  /** Absent where keys come from configuration. */
  readonly editor?: ApiKeyEditor
}

const prefix = 'wak'
const pattern = /^wak_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

/**
 * Makes the parts of a key, written as `wak_<id>_<secret>`: the prefix lets secret scanners find it, the id finds its row.
 *
 * The hash is plain SHA-256: the secret has 256 random bits, so there is no dictionary to slow down, and a slow hash would
 * only make requests expensive for us.
 */
export function generateKey(random: (size: number) => Uint8Array = randomBytes): {
  readonly id: string
  readonly secret: string
  readonly hash: Uint8Array
} {
  const id = Buffer.from(random(8)).toString('hex')
  const secret = `${prefix}_${id}_${Buffer.from(random(32)).toString('base64url')}`
  return { id, secret, hash: digest(secret) }
}

/** The id within a key, `undefined` where it is none of ours. */
export function keyIdOf(presented: string): string | undefined {
  return pattern.exec(presented)?.[1]
}
