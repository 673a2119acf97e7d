import type { OAuth2Client } from 'google-auth-library'
import type { PushOptions } from './options.ts'

/** Resolves to the status to refuse a request with, if any. Rejects where Google's keys cannot be had. */
export type TokenCheck = (authorization: string | null) => Promise<401 | 403 | undefined>

const issuers = ['https://accounts.google.com', 'accounts.google.com']

/**
 * Checks the token that Pub/Sub sends with each push: signed by Google, in time, for our audience, and of the service
 * account that pushes; every service account of anybody can get one for our audience. What Google's library says of a bad
 * token may hold the token, so none of its words get out.
 */
export function createTokenCheck({ audience, serviceAccount, keys }: PushOptions): TokenCheck {
  let loading: Promise<OAuth2Client> | undefined
  const load = async () => {
    const { OAuth2Client } = await import('google-auth-library')
    return new OAuth2Client()
  }
  return async (authorization) => {
    const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '') ?? []
    if (token === undefined) return 401
    loading ??= load()
    const client = await loading
    const certificates = keys ? await keys() : (await client.getFederatedSignonCertsAsync()).certs
    const payload = await client
      .verifySignedJwtWithCertsAsync(token, certificates, audience, issuers)
      .then((ticket) => ticket.getPayload())
      .catch(() => undefined)
    if (!payload) return 401
    return payload.email_verified === true && payload.email === serviceAccount ? undefined : 403
  }
}
