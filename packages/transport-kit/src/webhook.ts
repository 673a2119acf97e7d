import { isUtf8 } from 'node:buffer'
import {
  describeError,
  framesOf,
  type Logger,
  type TransportHost,
  type WebhookRequest,
  type WebhookResponse,
} from '@wa-agent/core'

/** Refuses a request and logs why. `reason` is ours: nothing of the request may be in it. */
export function refused(status: number, reason: string, logger: Logger): WebhookResponse {
  logger.warn({ status, reason }, 'webhook refused')
  return { status }
}

/** Enough of an unknown payload to see what it is. */
const shownBytes = 16_384

/**
 * Tells, at debug level alone, what of a proven webhook was left out, and shows it: there is no other way to learn what a
 * provider sends and does not document. It may hold what customers wrote, so debug is not for every day.
 */
export function leftOut(request: WebhookRequest, kinds: readonly string[], logger: Logger): void {
  if (kinds.length === 0) return
  const payload = textOf(request.body.subarray(0, shownBytes))
  logger.debug({ kinds: kinds.slice(0, 20), payload }, 'parts of a webhook were left out')
}

/**
 * Answers 200 once `work` has made everything durable, and 503 where it failed: then nothing is known to be durable, so the
 * provider has to try again, whatever the error is. What cannot be read was refused before.
 */
export async function acknowledge(
  host: Pick<TransportHost, 'logger'>,
  work: () => Promise<void>,
): Promise<WebhookResponse> {
  try {
    await work()
    return { status: 200 }
  } catch (error) {
    host.logger.error({ error: describeError(error), frames: framesOf(error) }, 'webhook could not be stored')
    return { status: 503 }
  }
}

/** How a body is read. */
export interface ReadJsonOptions {
  readonly logger: Logger
  /** Default: 4 MiB. */
  readonly maxBytes?: number | undefined
}

/** The parsed body, or the answer to one that cannot be read. */
export type ReadJsonResult = { readonly json: unknown } | { readonly refusal: WebhookResponse }

/**
 * Parses a body that says it is JSON in UTF-8: refuses another content type with 415, more than `maxBytes` with 413, what is
 * not UTF-8 or not JSON with 400. Call it after the signature was checked.
 */
export function readJson(request: WebhookRequest, options: ReadJsonOptions): ReadJsonResult {
  const { logger, maxBytes = 4 * 2 ** 20 } = options
  const refuse = (status: number, reason: string) => ({ refusal: refused(status, reason, logger) })
  if (!isJson(request.headers.get('content-type'))) return refuse(415, 'content type')
  if (request.body.byteLength > maxBytes) return refuse(413, 'too large')
  if (!isUtf8(request.body)) return refuse(400, 'not UTF-8')
  try {
    return { json: JSON.parse(textOf(request.body)) }
  } catch {
    return refuse(400, 'not JSON')
  }
}

function isJson(contentType: string | null): boolean {
  return /^application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i.test(contentType?.trim() ?? '')
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}
