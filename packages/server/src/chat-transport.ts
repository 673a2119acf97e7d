import {
  type Capabilities,
  checkNames,
  type NamesOf,
  type Transport,
  type TransportHost,
  WaAgentError,
} from '@wa-agent/core'

/** Options of `chatTransport`. */
export interface ChatTransportOptions {
  /** Default `default`. */
  readonly tenant?: string
  /** Default `chat`. */
  readonly channel?: string
}

const optionNames: NamesOf<ChatTransportOptions> = { tenant: true, channel: true }

/** A channel that ends in `POST /chat`: the agents can be tried without WhatsApp, with all that the engine promises. */
export interface ChatTransport extends Transport {
  readonly name: 'chat'
  /** Takes in what somebody wrote. Resolves once it is durable. */
  say(message: { readonly id: string; readonly userId: string; readonly text: string }): Promise<void>
}

const capabilities: Capabilities = {
  types: ['text', 'image', 'video', 'audio', 'document', 'location', 'contacts', 'buttons', 'list', 'template'],
  maxTextLength: 65_536,
  maxCaptionLength: 65_536,
  maxButtons: 10,
  maxListRows: 10,
  quotes: false,
}

/** Makes the channel for `POST /chat`: give it to the bot and to the server. One for each tenant that may chat. Throws `invalid_options`. */
export function chatTransport(options: ChatTransportOptions = {}): ChatTransport {
  checkNames('chatTransport', options, optionNames)
  const { tenant = 'default', channel = 'chat' } = options
  let host: TransportHost | undefined
  return {
    name: 'chat',
    tenant,
    channel,
    capabilities,
    async start(started) {
      host = started
      started.connection('connected')
    },
    // The answer goes out with the HTTP response.
    send: async ({ id }) => ({ status: 'sent', providerId: id }),
    async stop() {
      host = undefined
    },
    async say({ id, userId, text }) {
      if (!host) throw notRunning()
      await host.receive([{ type: 'text', id, chat: userId, from: { id: userId }, text, sentAtMs: host.clock.now() }])
    },
  }
}

/** Whether a transport is the channel of `POST /chat`. */
export function isChatTransport(transport: Transport): transport is ChatTransport {
  return transport.name === 'chat' && 'say' in transport
}

function notRunning(): WaAgentError {
  return new WaAgentError('not_running', 'The bot of this chat is not running. Call start() first.', {
    retryable: true,
  })
}
