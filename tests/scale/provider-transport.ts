import { Agent, request } from 'node:http'
import { type Transport, type TransportHost, WaAgentError } from '@wa-agent/core'
import { textOnly } from '../../bench/text-only.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 32 })

/** The number of a business at the provider of `Provider`: webhooks of JSON, sends that can be asked about. */
export function providerTransport(base: string): Transport {
  let host: TransportHost | undefined
  return {
    name: 'provider',
    tenant: 'default',
    channel: 'main',
    capabilities: textOnly,
    async start(given) {
      host = given
      given.connection('connected')
    },
    async stop() {
      host = undefined
    },
    async webhook({ body }) {
      const messages = JSON.parse(Buffer.from(body).toString()) as { id: string; chat: string; text: string }[]
      try {
        await host?.receive(
          messages.map(({ id, chat, text }) => ({
            type: 'text',
            id,
            chat,
            from: { id: chat },
            text,
            sentAtMs: Date.now(),
          })),
        )
        return { status: host ? 200 : 503 }
      } catch {
        return { status: 503 }
      }
    },
    async heard(messages) {
      const asks = messages.some((message) => message.type === 'text' && message.text.includes('trouble'))
      if (asks && (await call('GET', `${base}/heard`)) !== 200) throw new Error('nothing can be taken in')
    },
    async send({ id, chat, message }) {
      const text = message.type === 'text' ? message.text : ''
      const status = await call('POST', `${base}/send`, JSON.stringify({ id, chat, text }))
      return status === 200
        ? { status: 'sent', providerId: id }
        : { status: 'failed', retryable: true, reason: 'refused' }
    },
    async find({ id }) {
      const status = await call('GET', `${base}/find?id=${encodeURIComponent(id)}`)
      return status === 200 ? { status: 'sent', providerId: id } : { status: 'absent' }
    },
  }
}

function call(method: string, url: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const calling = request(url, { method, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    const uncertain = (cause: Error) =>
      reject(new WaAgentError('send_timeout', 'the provider is away', { retryable: true, cause }))
    calling.once('error', uncertain)
    calling.end(body)
  })
}
