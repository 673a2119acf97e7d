import {
  type Capabilities,
  type FindResult,
  type InboundMessageInput,
  type SendResult,
  type Transport,
  type TransportHost,
  WaAgentError,
} from '@wa-agent/core'

/** A provider's client: yours, or a library's. */
export interface ProviderClient {
  onMessage(listener: (message: ProviderMessage) => Promise<void>): () => void
  send(
    message: { readonly to: string; readonly text: string; readonly key: string },
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly status: number; readonly id?: string }>
  findByKey(key: string): Promise<{ readonly id: string } | undefined>
  messagesSince(ms: number): Promise<readonly ProviderMessage[]>
}

/** The provider's own shape of a message. */
export interface ProviderMessage {
  readonly id: string
  readonly sender: string
  readonly body: string
  readonly timeMs: number
}

// #region options
export interface MyTransportOptions {
  readonly client: ProviderClient
  /** Default `default`. */
  readonly tenant?: string
  /** Default `default`. */
  readonly channel?: string
}

const capabilities: Capabilities = {
  types: ['text'],
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 0,
  maxListRows: 0,
  quotes: false,
}
// #endregion

// #region transport
export function myTransport({ client, tenant = 'default', channel = 'default' }: MyTransportOptions): Transport {
  let host: TransportHost | undefined
  let unsubscribe: (() => void) | undefined
  return {
    name: 'my-provider',
    tenant,
    channel,
    capabilities,
    async start(startedHost) {
      host = startedHost
      // The provider gets its acknowledgement when this promise resolves: only then is the message durable.
      unsubscribe = client.onMessage((message) => startedHost.receive([parse(message)]))
      startedHost.connection('connected')
    },
    async send({ id, chat, message }, { signal }) {
      if (message.type !== 'text') return { status: 'failed', retryable: false, reason: 'only texts can be sent' }
      return resultOf(await client.send({ to: chat, text: message.text, key: id }, { signal }))
    },
    async find({ id }): Promise<FindResult> {
      const found = await client.findByKey(id)
      return found ? { status: 'sent', providerId: found.id } : { status: 'absent' }
    },
    async catchUp({ sinceMs, signal }) {
      const missed = await client.messagesSince(sinceMs)
      signal.throwIfAborted()
      await host?.receive(missed.map(parse))
    },
    async stop() {
      unsubscribe?.()
      host?.connection('stopped')
      host = undefined
    },
  }
}
// #endregion

// #region parse
/** Their payload as our message: a pure function, tested with real payloads. */
export function parse({ id, sender, body, timeMs }: ProviderMessage): InboundMessageInput {
  return { type: 'text', id, chat: sender, from: { id: sender }, text: body, sentAtMs: timeMs }
}
// #endregion

// #region result
/** Decided where the facts are: what certainly did not go out may be tried again, what perhaps did may not. */
function resultOf({ status, id }: { readonly status: number; readonly id?: string }): SendResult {
  if (status < 300) return id === undefined ? { status: 'sent' } : { status: 'sent', providerId: id }
  if (status === 429) return { status: 'failed', retryable: true, reason: 'rate limited', retryAfterMs: 60_000 }
  if (status === 504) return { status: 'uncertain', reason: 'the gateway gave up waiting' }
  return { status: 'failed', retryable: status >= 500, reason: `HTTP ${status}` }
}
// #endregion

// #region throwing
/** The other way to say it: an exception with the code `send_failed` counts as `failed`, every other one as `uncertain`. */
export function notConnected(): WaAgentError {
  return new WaAgentError('send_failed', 'The provider is not connected. Wait until it is.', { retryable: true })
}
// #endregion
