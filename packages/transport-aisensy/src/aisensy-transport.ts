import type { Transport, TransportHost } from '@wa-agent/core'
import { metaCapabilities, Recipients } from '@wa-agent/transport-kit/meta'
import { createClient } from './client.ts'
import { openMedia } from './media.ts'
import type { AisensyTransportOptions } from './options.ts'
import { createSend } from './send.ts'
import { settingsOf } from './settings.ts'
import { answerWebhook } from './webhook.ts'

/**
 * WhatsApp through AiSensy: its webhooks in both formats, and its Project, Direct and Campaign APIs. Throws
 * `invalid_options`.
 *
 * AiSensy cannot be asked what became of a message, nor for missed ones, so there is neither `find` nor `catchUp`.
 */
export function aisensyTransport(options: AisensyTransportOptions): Transport {
  const settings = settingsOf(options)
  const { tenant, channel, window, limits } = settings
  const client = createClient(settings)
  const sender = createSend(settings, client)
  const recipients = new Recipients()
  let host: TransportHost | undefined
  return {
    name: 'aisensy',
    tenant,
    channel,
    capabilities: metaCapabilities,
    window,
    limits,
    async start(startedHost) {
      host = startedHost
      // Webhooks have no connection that could break.
      startedHost.connection('connected')
    },
    async send(delivery, sending) {
      const chat = await recipients.of(delivery, host)
      return sender.send({ ...delivery, chat }, sending)
    },
    async webhook(request) {
      return host ? answerWebhook(request, { host, settings: settings.webhook, recipients }) : { status: 503 }
    },
    heard: async (messages) => host && recipients.learn(messages, host),
    openMedia: (media, { signal }) => openMedia(media, { client, settings, signal }),
    async stop() {
      client.close()
      sender.close()
      host?.connection('stopped')
      host = undefined
    },
  }
}
