import type { OutboundTemplate, Transport, TransportHost, WindowTemplate } from '@wa-agent/core'
import { openSafely } from '@wa-agent/transport-kit'
import { createClient } from './client.ts'
import { capabilities, windowMs } from './limits.ts'
import { type SpokiTemplate, type SpokiTransportOptions, settingsOf, wrong } from './options.ts'
import { renderSpoki } from './render.ts'
import { handleWebhook } from './webhook.ts'

/**
 * WhatsApp over Spoki, a WhatsApp Business provider: messages come by signed webhook, replies go out over its REST API, within
 * 24 hours of the customer's last message. Throws `invalid_options`.
 */
export function spokiTransport(options: SpokiTransportOptions): Transport {
  const settings = settingsOf(options)
  const { tenant, channel, limits, windowTemplate, templates } = settings
  const { maxMediaBytes: maxBytes, allowedMediaHosts: allowedHosts, fetch, timeoutMs } = settings
  const unusable = windowTemplate && whyUnusable(windowTemplate, templates)
  if (unusable) throw wrong('windowTemplate', `a template that can be sent, but ${unusable}`)
  const client = createClient(settings)
  let host: TransportHost | undefined
  const handling = new Set<Promise<unknown>>()

  return {
    name: 'spoki',
    tenant,
    channel,
    capabilities,
    window: { durationMs: windowMs, ...(windowTemplate ? { template: windowTemplate } : {}) },
    limits,
    async start(startedHost) {
      host = startedHost
      // Webhooks come and requests go, each by itself: there is no connection that could break.
      host.connection('connected')
    },
    async send(delivery, { signal }) {
      const rendered = renderSpoki(delivery, templates)
      if ('impossible' in rendered) return { status: 'failed', retryable: false, reason: rendered.impossible }
      return client.sendMessage(rendered.body, signal)
    },
    async stop() {
      const stopped = host
      host = undefined
      await Promise.allSettled(handling)
      client.close()
      stopped?.connection('stopped')
    },
    async webhook(request) {
      if (!host) return { status: 503 }
      const work = handleWebhook(request, { host, settings })
      handling.add(work)
      try {
        return await work
      } finally {
        handling.delete(work)
      }
    },
    openMedia: ({ reference }, { signal }) =>
      openSafely({ url: reference, allowedHosts, maxBytes, signal, fetch, timeoutMs }),
  }
}

function whyUnusable(
  { name, language, parameters = [] }: WindowTemplate,
  templates: ReadonlyMap<string, SpokiTemplate>,
): string | undefined {
  const message: OutboundTemplate = { type: 'template', name, language, parameters: [...parameters] }
  const rendered = renderSpoki({ id: '', chat: '', message, inReplyTo: [], attempt: 1 }, templates)
  return 'impossible' in rendered ? rendered.impossible : undefined
}
