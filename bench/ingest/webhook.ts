// A webhook of Meta's Cloud API: what it looks like, and what every server must do with it before anything else.
import { hmacSha256Hex, sameSecret } from '@wa-agent/transport-kit'
import { parseMetaWebhook } from '@wa-agent/transport-kit/meta'

export const appSecret = 'b7f1d0c2a98e4456'
export const phoneNumberId = '106540352242922'
const bodyBytes = 1024

/** The body of message `index`, 1 KB, from one of 5,000 customers. */
export function createBody(index: number): string {
  const from = String(15_550_000_000 + (index % 5000))
  const body = (text: string) =>
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '102290129340398',
          changes: [
            {
              field: 'messages',
              value: {
                messaging_product: 'whatsapp',
                metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId },
                contacts: [{ profile: { name: 'Asha' }, wa_id: from }],
                messages: [
                  {
                    from,
                    id: `wamid.${process.pid}.${index}`,
                    timestamp: '1749416383',
                    type: 'text',
                    text: { body: text },
                  },
                ],
              },
            },
          ],
        },
      ],
    })
  return body('x'.repeat(bodyBytes - body('').length))
}

/** The value of `X-Hub-Signature-256`. */
export function sign(body: string | Uint8Array): string {
  return `sha256=${hmacSha256Hex(appSecret, body)}`
}

/** HMAC, JSON.parse and the same Zod schemas as the transport's; whether it is a webhook with a message. */
export function isValid(body: Uint8Array, signature: string | undefined): boolean {
  if (!sameSecret(signature, sign(body))) return false
  const json: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  return parseMetaWebhook(json, { phoneNumberId, nowMs: Date.now() }).messages.length > 0
}
