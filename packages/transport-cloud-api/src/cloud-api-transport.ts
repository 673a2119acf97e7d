import type { Delivery, SendResult, Transport, TransportHost, WebhookRequest, WebhookResponse } from '@wa-agent/core'
import { metaCapabilities, Recipients, renderMeta } from '@wa-agent/transport-kit/meta'
import { createCloudApiClient } from './client.ts'
import { createMediaOpener } from './incoming-media.ts'
import { windowMs } from './limits.ts'
import { type CloudApiTransportOptions, settingsOf } from './options.ts'
import { outgoingMedia } from './outgoing-media.ts'
import { createWebhook } from './webhook.ts'

/** What `cloudApiTransport` makes. */
export interface CloudApiTransport extends Transport {
  webhook(request: WebhookRequest): Promise<WebhookResponse>
}

/**
 * WhatsApp through Meta's Cloud API, for one number. Messages come by webhook, so the process must be reachable by https.
 * Throws `invalid_options`.
 */
export function cloudApiTransport(options: CloudApiTransportOptions): CloudApiTransport {
  const settings = settingsOf(options)
  const client = createCloudApiClient(settings)
  const { tenant, channel, windowTemplate, limits } = settings
  const recipients = new Recipients()
  let host: TransportHost | undefined

  async function send(delivery: Delivery, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    const media = await outgoingMedia(delivery.message, client, signal)
    if (media && 'failed' in media) return media.failed
    const chat = await recipients.of(delivery, host)
    return client.send(renderMeta({ ...delivery, chat }, media), signal)
  }

  return {
    name: 'cloud-api',
    tenant,
    channel,
    capabilities: metaCapabilities,
    window: { durationMs: windowMs, ...(windowTemplate ? { template: windowTemplate } : {}) },
    limits,
    async start(newHost) {
      host = newHost
      newHost.connection('connected')
    },
    send,
    async stop() {
      const stopping = host
      host = undefined
      client.close()
      stopping?.connection('stopped')
    },
    heard: async (messages) => host && recipients.learn(messages, host),
    webhook: createWebhook({ settings, recipients, hostOf: () => host }),
    openMedia: createMediaOpener(settings, client),
  }
}
