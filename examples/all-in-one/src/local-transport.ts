import type { Capabilities, Delivery, Transport, TransportHost } from '@wa-agent/core'

/** A channel that ends in this process: a terminal, or HTTP requests that wait for their answers. */
export interface LocalTransport extends Transport {
  /** Takes in what somebody wrote. Resolves once it is durable. */
  receive(message: { readonly id: string; readonly from: string; readonly text: string }): Promise<void>
}

const capabilities: Capabilities = {
  types: ['text'],
  maxTextLength: 65_536,
  maxCaptionLength: 1024,
  maxButtons: 0,
  maxListRows: 0,
  quotes: false,
}

/** Makes a local channel; `show` gets each reply. */
export function localTransport(channel: string, show: (delivery: Delivery) => void): LocalTransport {
  let host: TransportHost | undefined
  return {
    name: 'local',
    tenant: 'shop',
    channel,
    capabilities,
    async start(started) {
      host = started
      started.connection('connected')
    },
    async send(delivery) {
      show(delivery)
      return { status: 'sent', providerId: delivery.id }
    },
    async stop() {
      host = undefined
    },
    async receive({ id, from, text }) {
      if (!host) throw new Error('The bot is stopping. Try again when it is back.')
      await host.receive([{ type: 'text', id, chat: from, from: { id: from }, text, sentAtMs: host.clock.now() }])
    },
  }
}
