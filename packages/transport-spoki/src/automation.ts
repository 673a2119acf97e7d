import type { SendResult } from '@wa-agent/core'
import { createHttpClient, failedAnswer } from '@wa-agent/transport-kit'
import { gaveUpWaiting, hostOf } from './client.ts'
import { phoneOf } from './ids.ts'
import { wrong } from './options.ts'

/** An automation of Spoki that can be started by API. */
export interface SpokiAutomationOptions {
  /** The UUID in its address, `/wh/ap/<uuid>/`. */
  readonly automation: string
  /** Its own secret, which is neither the API key nor that of the webhook. */
  readonly secret: string
  /** Default `https://api.spoki.com`. */
  readonly baseUrl?: string
  /** Takes the place of our own connections, e.g. for a proxy. */
  readonly fetch?: typeof fetch
  /** Default 30,000. */
  readonly timeoutMs?: number
}

/** Whom it is started for. */
export interface SpokiAutomationContact {
  /** E.g. `+393331234567`. */
  readonly phone: string
  readonly firstName?: string
  readonly lastName?: string
  readonly email?: string
  readonly language?: string
  readonly customFields?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, unknown>>
}

/**
 * Starts an automation for one contact: Spoki's own way to begin a conversation with a template. `sent` means that Spoki took
 * the order, not that a message went out. Rejects with `invalid_options`, and with nothing else.
 */
export async function startSpokiAutomation(
  contact: SpokiAutomationContact,
  options: SpokiAutomationOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<SendResult> {
  const { automation, secret, baseUrl = 'https://api.spoki.com', fetch, timeoutMs } = options
  if (!/^[0-9a-f-]{32,36}$/i.test(automation ?? '')) throw wrong('automation', 'the UUID of an automation')
  if (typeof secret !== 'string' || secret === '') throw wrong('secret', 'the secret of the automation')
  const { phone, firstName, lastName, email, language, customFields, metadata } = contact
  const json = {
    ...{ secret, phone: phoneOf(phone), first_name: firstName, last_name: lastName, email, language },
    ...{ custom_fields: customFields, metadata },
  }
  const http = createHttpClient({ baseUrl: hostOf(baseUrl), fetch, timeoutMs })
  try {
    const outcome = await http.request({ method: 'POST', path: `wh/ap/${automation}/`, json, signal })
    if (outcome.kind !== 'answer') return failedAnswer(outcome)
    const { status, retryAfterMs } = outcome
    // What the answer says is not documented.
    if (status >= 200 && status < 300) return { status: 'sent' }
    if (gaveUpWaiting.has(status)) return { status: 'uncertain', reason: `HTTP ${status}` }
    const later = retryAfterMs === undefined ? {} : { retryAfterMs }
    return { status: 'failed', retryable: status === 429 || status >= 500, reason: `HTTP ${status}`, ...later }
  } finally {
    http.close()
  }
}
