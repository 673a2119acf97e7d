import { describeError, framesOf, type Transport, type WebhookRequest, type WebhookResponse } from '@wa-agent/core'
import type { BodyBudget } from './body.ts'
import type { HttpSettings } from './options.ts'
import { methodNotAllowed, notFound, Problem } from './problem.ts'
import { createLimiter, type Limiter } from './rate-limits.ts'

/** Where webhooks arrive. */
const webhookPrefix = '/webhooks/'

/** A request to a webhook, from whatever server. */
export interface WebhookCall {
  /** The path, percent-encoded, without the query. */
  readonly path: string
  readonly method: string
  readonly headers: WebhookRequest['headers']
  readonly query: WebhookRequest['query']
  readonly address: string | undefined
  /** Reads the body; its bytes count in the budget. Rejects with a `Problem`. */
  readBody(): Promise<Uint8Array>
}

interface Route {
  readonly transport: Transport
  readonly webhook: NonNullable<Transport['webhook']>
  /** The channel's name in the limits. */
  readonly key: string
}

const noBody = new Uint8Array()

/** Finds the transport of a webhook, guards it, and lets it answer. */
export class Webhooks {
  readonly #routes = new Map<string, Route>()
  /** Transport and tenant of the routes there are. */
  readonly #kinds = new Set<string>()
  readonly #channels: Limiter
  readonly #addresses: Limiter
  readonly #budget: BodyBudget
  readonly #logger: HttpSettings['logger']
  readonly #telemetry: HttpSettings['telemetry']

  constructor(settings: HttpSettings, guards: { readonly addresses: Limiter; readonly budget: BodyBudget }) {
    this.#channels = createLimiter(settings.limits.channel)
    this.#addresses = guards.addresses
    this.#budget = guards.budget
    this.#logger = settings.logger
    this.#telemetry = settings.telemetry
    for (const transport of settings.transports) {
      if (!transport.webhook) continue
      const webhook = transport.webhook.bind(transport)
      this.#add({ transport, webhook, key: `${transport.tenant}/${transport.channel}` })
    }
    const [only, ...others] = new Set(this.#routes.values())
    if (only && others.length === 0) this.#routes.set('/', only)
  }

  /** Whether something of a URL's path and query is a webhook: below the prefix, or `/` where there is one channel alone. */
  takes(url: string): boolean {
    return url.startsWith(webhookPrefix) || (/^\/(\?|$)/.test(url) && this.#routes.has('/'))
  }

  #add(route: Route): void {
    const { name, tenant, channel } = route.transport
    this.#addAt(`${name}/${tenant}`, channel, route)
    if (tenant === 'default') this.#addAt(name, channel, route)
  }

  /** Channels of one tenant have different names; its only one of a kind is also reached as `main`. */
  #addAt(kind: string, channel: string, route: Route): void {
    const main = `${webhookPrefix}${kind}/main`
    const isFirst = !this.#kinds.has(kind)
    this.#kinds.add(kind)
    const other = this.#routes.get(main)
    if (isFirst) this.#routes.set(main, route)
    else if (other && other.transport.channel !== 'main') this.#routes.delete(main)
    this.#routes.set(`${webhookPrefix}${kind}/${channel}`, route)
  }

  /** Answers, without ever waiting for an agent. Rejects with a `Problem`. */
  async answer(call: WebhookCall): Promise<WebhookResponse> {
    if (call.method !== 'POST' && call.method !== 'GET') throw methodNotAllowed(['GET', 'POST'])
    const { address } = call
    const route = this.#routes.get(call.path) ?? this.#routes.get(decoded(call.path))
    if (!route) {
      await this.#refused(address)
      throw notFound()
    }
    await this.#channels.take(route.key)
    let response: WebhookResponse
    try {
      response = await this.#observed(route, call)
    } catch (error) {
      if (error instanceof Problem && error.status < 500) await this.#refused(address, route)
      throw error
    }
    if (response.status < 400) return response
    if (response.status < 500) await this.#refused(address, route)
    throw problemFor(response)
  }

  /** In a span of its own, at which every message that it brings begins. What a stranger says of a trace is not believed. */
  #observed(route: Route, call: WebhookCall): Promise<WebhookResponse> {
    const { name, tenant, channel } = route.transport
    const attributes = {
      'messaging.system': 'whatsapp',
      'http.request.method': call.method,
      'wa_agent.transport': name,
      'wa_agent.tenant': tenant,
      'wa_agent.channel': channel,
    }
    return this.#telemetry.span('wa_agent.webhook', attributes, async (span) => {
      const response = await this.#ask(route, call)
      span.set({ 'http.response.status_code': response.status })
      if (response.status >= 500) span.fail(`answered ${response.status}`)
      return response
    })
  }

  async #ask(route: Route, call: WebhookCall): Promise<WebhookResponse> {
    const { method, headers, query } = call
    const body = method === 'GET' ? noBody : await call.readBody()
    try {
      return await route.webhook({ method, headers, query, body })
    } catch (error) {
      const { name, tenant, channel } = route.transport
      this.#logger.error(
        { transport: name, tenant, channel, error: describeError(error), frames: framesOf(error) },
        'a transport failed to answer a webhook',
      )
      throw away()
    } finally {
      this.#budget.giveBack(body.byteLength)
    }
  }

  /**
   * Strangers must use up their own limit, never the channel's. What is proven is taken from any address: behind a proxy that
   * nobody told us of, providers and strangers have the same one.
   */
  async #refused(address: string | undefined, route?: Route): Promise<void> {
    if (route) await this.#channels.giveBack(route.key)
    if (address !== undefined) await this.#addresses.take(address)
  }
}

function decoded(path: string): string {
  try {
    const parts = path.split('/').map(decodeURIComponent)
    // An encoded slash is part of a name, and no name has one.
    return parts.some((part) => part.includes('/')) ? path : parts.join('/')
  } catch {
    return path
  }
}

function problemFor({ status, body }: WebhookResponse): Problem {
  if (status >= 500) return away()
  const detail = body || 'The webhook was refused.'
  if (status === 404) return notFound()
  if (status === 413) return new Problem(status, 'too-large', { detail })
  if (status === 415) return new Problem(status, 'unsupported-media-type', { detail })
  return new Problem(status, 'refused', { detail })
}

function away(): Problem {
  return new Problem(503, 'unavailable', {
    detail: 'It could not be kept. Deliver it again.',
    headers: { 'retry-after': '1' },
  })
}
