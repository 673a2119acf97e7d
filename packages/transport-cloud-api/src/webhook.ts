import {
  type Logger,
  silentLogger,
  type TransportHost,
  WaAgentError,
  type WebhookRequest,
  type WebhookResponse,
} from '@wa-agent/core'
import { acknowledge, hmacSha256Hex, leftOut, readJson, refused, sameSecret } from '@wa-agent/transport-kit'
import { parseMetaWebhook, type Recipients } from '@wa-agent/transport-kit/meta'
import type { Settings } from './options.ts'

/** What webhooks are checked against, and who learns from them. */
export interface WebhookParts {
  readonly settings: Settings
  readonly recipients: Recipients
  /** The host while the transport runs. */
  readonly hostOf: () => TransportHost | undefined
}

/** Answers Meta: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint */
export function createWebhook({ settings, recipients, hostOf }: WebhookParts) {
  const loggerOf = (): Logger => settings.logger ?? hostOf()?.logger ?? silentLogger

  function verifyAddress({ query }: WebhookRequest): WebhookResponse {
    const challenge = query.get('hub.challenge')
    if (query.get('hub.mode') !== 'subscribe' || challenge === null) return refused(400, 'no challenge', loggerOf())
    const isOurs = sameSecret(query.get('hub.verify_token'), settings.verifyToken)
    return isOurs ? { status: 200, body: challenge } : refused(403, 'wrong verify token', loggerOf())
  }

  async function takeIn(request: WebhookRequest): Promise<WebhookResponse> {
    const logger = loggerOf()
    const { appSecret, maxWebhookBytes: maxBytes, phoneNumberId } = settings
    if (request.body.byteLength > maxBytes) return refused(413, 'too large', logger)
    const signature = request.headers.get(settings.signatureHeader)
    if (!signature) return refused(401, 'no signature', logger)
    // Over the bytes as they came: written anew, the same JSON has another signature.
    const expected = `sha256=${hmacSha256Hex(appSecret, request.body)}`
    if (!sameSecret(signature, expected)) return refused(401, 'wrong signature', logger)
    const read = readJson(request, { logger, maxBytes })
    if ('refusal' in read) return read.refusal
    const host = hostOf()
    if (!host) return refused(503, 'not running', logger)
    const { messages, updates, ignored } = parseMetaWebhook(read.json, { phoneNumberId, nowMs: host.clock.now() })
    leftOut(request, ignored, logger)
    return acknowledge({ logger }, async () => {
      if (messages.length > 0) await Promise.all([recipients.learn(messages, host), host.receive(messages)])
      if (updates.length === 0) return
      if (hostOf() !== host) throw stopped()
      await host.track(updates)
    })
  }

  return async (request: WebhookRequest): Promise<WebhookResponse> => {
    if (request.method === 'GET') return verifyAddress(request)
    if (request.method === 'POST') return takeIn(request)
    return refused(405, 'method', loggerOf())
  }
}

function stopped(): WaAgentError {
  return new WaAgentError('not_running', 'The transport was stopped meanwhile. Start it again.', { retryable: true })
}
