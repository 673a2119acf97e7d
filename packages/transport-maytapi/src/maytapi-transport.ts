import { type Delivery, describeError, type SendResult, type Transport, type TransportHost } from '@wa-agent/core'
import { openSafely } from '@wa-agent/transport-kit'
import { createClient } from './client.ts'
import { capabilitiesOf } from './limits.ts'
import { type MaytapiTransportOptions, settingsOf } from './options.ts'
import { outboundFile } from './outbound-file.ts'
import { OwnMessages } from './own-messages.ts'
import { Phone } from './phone.ts'
import { mediaOf, renderMaytapi } from './render.ts'
import { handleWebhook } from './webhook.ts'

/**
 * WhatsApp over Maytapi: a number linked like WhatsApp Web, without templates and without a 24-hour window. Messages come by
 * webhook, replies go out over its REST API. Throws `invalid_options`.
 */
export function maytapiTransport(options: MaytapiTransportOptions): Transport {
  const settings = settingsOf(options)
  const { tenant, channel, limits, skipFilter, maxMediaBytes, allowedMediaHosts, fetch, timeoutMs } = settings
  const client = createClient(settings)
  const own = new OwnMessages()
  const phone = new Phone()
  let host: TransportHost | undefined
  let stopping = new AbortController()
  const handling = new Set<Promise<unknown>>()

  /** What has begun ends before `stop` resolves. */
  async function handle<Result>(work: Promise<Result>): Promise<Result> {
    handling.add(work)
    try {
      return await work
    } finally {
      handling.delete(work)
    }
  }

  async function askForPhone(asking: TransportHost): Promise<void> {
    try {
      await phone.ask(() => client.isConnected(stopping.signal), asking)
    } catch (error) {
      const logger = settings.logger ?? asking.logger
      logger.warn({ error: describeError(error) }, 'the state of the phone could not be asked for')
    }
  }

  async function send(delivery: Delivery, signal: AbortSignal): Promise<SendResult> {
    const media = mediaOf(delivery.message)
    const read = media && (await outboundFile(media, maxMediaBytes))
    if (read && 'failed' in read) return read.failed
    const passes = skipFilter === 'always' || (skipFilter === 'replies' && delivery.inReplyTo.length > 0)
    const body = renderMaytapi(delivery, { file: read?.file, skipFilter: passes })
    if (!body) return { status: 'failed', retryable: false, reason: `Maytapi has no ${delivery.message.type}` }
    const sent = own.begin({ delivery, body }, host?.clock.now() ?? 0)
    const result = await client.sendMessage(body, signal)
    sent(result.status === 'sent' ? result.providerId : undefined)
    return result
  }

  return {
    name: 'maytapi',
    tenant,
    channel,
    capabilities: capabilitiesOf(settings),
    limits,
    async start(startedHost) {
      stopping = new AbortController()
      await phone.begin(startedHost)
      host = startedHost
      void handle(askForPhone(startedHost))
    },
    send: (delivery, { signal }) => send(delivery, signal),
    async stop() {
      const stopped = host
      host = undefined
      stopping.abort()
      await Promise.allSettled(handling)
      client.close()
      stopped?.connection('stopped')
    },
    async webhook(request) {
      if (!host) return { status: 503 }
      return handle(handleWebhook(request, { host, settings, own, phone }))
    },
    openMedia: ({ reference }, { signal }) =>
      openSafely({
        url: reference,
        allowedHosts: allowedMediaHosts,
        maxBytes: maxMediaBytes,
        signal,
        fetch,
        timeoutMs,
      }),
  }
}
