import type { InboundMessageInput, TransportHost, WebhookRequest, WebhookResponse } from '@wa-agent/core'
import { acknowledge, leftOut, readJson, refused, sameSecret } from '@wa-agent/transport-kit'
import type { Settings } from './options.ts'
import type { OwnMessages } from './own-messages.ts'
import { type ParsedEvent, parseMaytapi } from './parse.ts'
import type { Phone } from './phone.ts'

/** Who answers webhooks, and what is known from one to the next. */
export interface WebhookParts {
  readonly host: TransportHost
  readonly settings: Settings
  readonly own: OwnMessages
  readonly phone: Phone
}

/**
 * Answers one webhook of Maytapi. It signs nothing: what proves the caller is the secret in the address; product and phone
 * are compared as well, so that a webhook that was set for the whole product does not reach the wrong channel.
 */
export async function handleWebhook(request: WebhookRequest, parts: WebhookParts): Promise<WebhookResponse> {
  const { host, settings } = parts
  const logger = settings.logger ?? host.logger
  const { productId, phoneId, maxWebhookBytes: maxBytes } = settings
  if (request.method.toUpperCase() !== 'POST') return refused(405, 'method', logger)
  const given = request.query.get('token') ?? request.query.get('key')
  if (!sameSecret(given, settings.webhookSecret)) return refused(401, 'secret', logger)
  const read = readJson(request, { logger, maxBytes })
  if ('refusal' in read) return read.refusal
  const nowMs = host.clock.now()
  const parsed = parseMaytapi(read.json, { nowMs, productId, phoneId })
  if (!parsed) return refused(403, 'another product or phone', logger)
  leftOut(request, parsed.ignored, logger)
  return acknowledge({ logger }, () => handOver(parsed, parts, nowMs))
}

async function handOver(event: ParsedEvent, parts: WebhookParts, nowMs: number): Promise<void> {
  const { host, settings, own, phone } = parts
  const { messages, updates, echoes, connection, takeover, released } = event
  for (const echo of echoes) own.pair(echo)
  if (connection) await phone.tell(connection, host)
  await phone.hear(messages, host)
  const recognised = messages.map((message): InboundMessageInput => {
    const known = own.recognise(message, nowMs)
    return known.fromMe && !settings.handoff ? { ...known, automated: true } : known
  })
  if (takeover) recognised.push(takeover)
  if (recognised.length > 0) await host.receive(recognised)
  if (released !== undefined) await host.release(released)
  if (updates.length === 0) return
  await host.track(
    updates.map((update) => {
      // The first status may overtake the answer to the send: then only our own id finds the reply.
      const replyId = own.replyOf(update.providerId)
      return replyId === undefined ? update : { ...update, replyId }
    }),
  )
}
