import type { TransportHost, WebhookRequest, WebhookResponse } from '@wa-agent/core'
import { acknowledge, leftOut, readJson, refused, sameSecret } from '@wa-agent/transport-kit'
import type { Recipients } from '@wa-agent/transport-kit/meta'
import { isPing, parseWebhook, projectsOf } from './parse.ts'
import type { WebhookSettings } from './settings.ts'
import { isSigned } from './signature.ts'

/** The test of a webhook that is being saved is a hundred bytes. */
const maxPingBytes = 4096

/** What a webhook is answered with, and what it is checked against. */
interface Circumstances {
  readonly host: TransportHost
  readonly settings: WebhookSettings
  readonly recipients: Recipients
}

/** Answers one request. */
export async function answerWebhook(request: WebhookRequest, circumstances: Circumstances): Promise<WebhookResponse> {
  switch (request.method.toUpperCase()) {
    case 'GET':
    case 'HEAD':
      return answerVerification(request, circumstances)
    case 'POST':
      return take(request, circumstances)
    default:
      return refused(405, 'method', circumstances.host.logger)
  }
}

/**
 * AiSensy saves a webhook only after a plain GET and a test ping were answered with 200, which is before it shows the secret:
 * both are answered so without a proof, and change nothing. A GET with a wrong token is refused, so that a mistake in the
 * address shows while somebody is looking. One in Meta's format, which partners may know, gets its challenge back.
 */
function answerVerification({ query }: WebhookRequest, { host, settings }: Circumstances): WebhookResponse {
  const given = query.get('token') ?? query.get('hub.verify_token')
  if (settings.token === undefined || given === null) return { status: 200 }
  if (!sameSecret(given, settings.token)) return refused(403, 'wrong token', host.logger)
  const challenge = query.get('hub.challenge')
  return challenge !== null && /^[\w-]{1,200}$/.test(challenge) ? { status: 200, body: challenge } : { status: 200 }
}

async function take(request: WebhookRequest, { host, settings, recipients }: Circumstances): Promise<WebhookResponse> {
  const { logger } = host
  const { maxBytes } = settings
  if (request.body.byteLength > maxBytes) return refused(413, 'too large', logger)
  if (!isProven(request, settings)) {
    return holdsPing(request) ? { status: 200 } : refused(401, 'neither signature nor token is right', logger)
  }
  const read = readJson(request, { logger, maxBytes })
  if ('refusal' in read) return read.refusal
  if (isForAnother(request, read.json, settings.projectId)) return refused(403, 'another project', logger)
  const parsed = parseWebhook(read.json, { phoneNumberId: settings.phoneNumberId, nowMs: host.clock.now() })
  leftOut(request, parsed.ignored, logger)
  return acknowledge(host, async () => {
    const { messages, updates, released } = parsed
    // An echo first: it makes known which reply the statuses are about.
    if (messages.length > 0) await Promise.all([recipients.learn(messages, host), host.receive(messages)])
    if (released !== undefined) await host.release(released)
    if (updates.length > 0) await host.track(updates)
  })
}

function isProven(request: WebhookRequest, { secret, token, signatureHeader }: WebhookSettings): boolean {
  if (token !== undefined && sameSecret(request.query.get('token'), token)) return true
  return secret !== undefined && isSigned(request.body, request.headers.get(signatureHeader), secret)
}

function holdsPing({ body }: WebhookRequest): boolean {
  if (body.byteLength > maxPingBytes) return false
  try {
    return isPing(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')))
  } catch {
    return false
  }
}

function isForAnother(request: WebhookRequest, body: unknown, projectId: string | undefined): boolean {
  if (projectId === undefined) return false
  const named = [request.headers.get('X-AiSensy-Project-Id'), ...projectsOf(body)]
  return named.some((id) => id && id.toLowerCase() !== projectId.toLowerCase())
}
