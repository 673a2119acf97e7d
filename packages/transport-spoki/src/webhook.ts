import type { TransportHost, WebhookRequest, WebhookResponse } from '@wa-agent/core'
import { acknowledge, leftOut, readJson, refused } from '@wa-agent/transport-kit'
import type { Settings } from './options.ts'
import { parseSpoki } from './parse.ts'
import { isSigned } from './signature.ts'

/** Answers one webhook of Spoki: checks the signature over the body as it came, then hands over what is in it. */
export async function handleWebhook(
  request: WebhookRequest,
  { host, settings }: { readonly host: TransportHost; readonly settings: Settings },
): Promise<WebhookResponse> {
  const logger = settings.logger ?? host.logger
  const { webhookSecret: secret, accountId, maxWebhookBytes: maxBytes, handoff } = settings
  if (request.method.toUpperCase() !== 'POST') return refused(405, 'method', logger)
  // Before the signature: to hash what is too large anyway is what an attacker wants.
  if (request.body.byteLength > maxBytes) return refused(413, 'too large', logger)
  const nowMs = host.clock.now()
  const signature = request.headers.get(settings.signatureHeader)
  if (!isSigned(signature, request.body, { secret, nowMs })) return refused(401, 'signature', logger)
  if (accountId !== undefined && request.headers.get('x-spoki-account')?.trim() !== accountId) {
    return refused(403, 'another account', logger)
  }
  const read = readJson(request, { logger, maxBytes })
  if ('refusal' in read) return read.refusal
  const { messages, updates, ignored } = parseSpoki(read.json, { nowMs, handoff })
  leftOut(request, ignored === undefined ? [] : [ignored], logger)
  return acknowledge({ logger }, async () => {
    // First the message: an echo may be what tells that an uncertain reply went out, under this id.
    if (messages.length > 0) await host.receive(messages)
    if (updates.length > 0) await host.track(updates)
  })
}
