import { createSign, generateKeyPairSync } from 'node:crypto'

export const audience = 'https://workers.example/push'
export const serviceAccount = 'pusher@example.iam.gserviceaccount.com'

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keyId = 'key-of-the-test'

/** In place of Google's public keys. */
export const keys = async (): Promise<Record<string, string>> => ({
  [keyId]: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
})

/** A token as Pub/Sub sends it; what is given here takes the place of what is right. */
export function tokenOf(
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  const nowS = Math.floor(Date.now() / 1000)
  const right = { iss: 'https://accounts.google.com', aud: audience, email: serviceAccount, email_verified: true }
  const times = { iat: nowS, exp: nowS + 3600 }
  const signed = [
    { alg: 'RS256', typ: 'JWT', kid: keyId, ...header },
    { ...right, sub: '1', ...times, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(pair.privateKey).toString('base64url')}`
}
