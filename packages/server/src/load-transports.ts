import { type ChannelKey, type Transport, WaAgentError } from '@wa-agent/core'
import { looksDefault } from './secrets.ts'
import type { Tenant, TenantChannel, TenantDirectory } from './tenants.ts'

/**
 * Makes the transport of one channel from its credentials, and nothing else: `createServer` makes one only to see whether it can
 * be made. Throws `invalid_options` where they are wrong.
 */
export type TransportFactory = (channel: TenantChannel, tenant: Tenant) => Transport

/** By name of the transport, e.g. `{ maytapi: ({ tenant, channel, credentials }) => maytapiTransport(...) }`. */
export type TransportFactories = Readonly<Record<string, TransportFactory>>

/** Options of `loadTransports`. */
export interface LoadTransportsOptions {
  readonly factories: TransportFactories
  /**
   * Is told of each channel that cannot be made, which is then left out: one wrong channel does not keep the others from being
   * served. The error is `invalid_options`. Default: all of them reject `loadTransports`.
   */
  readonly onError?: (channel: ChannelKey, error: WaAgentError) => void
}

/**
 * Makes a transport for each channel of the directory. Rejects with one `invalid_options` that names every channel which
 * cannot be made, and why, unless `onError` takes them; credentials are never shown.
 */
export async function loadTransports(
  directory: TenantDirectory,
  options: LoadTransportsOptions,
): Promise<readonly Transport[]> {
  const { factories, onError } = options
  const tenants = new Map((await directory.tenants()).map((tenant) => [tenant.id, tenant]))
  const transports: Transport[] = []
  const failures: Failure[] = []
  for (const channel of await directory.channels()) {
    const tenant = tenants.get(channel.tenant)
    try {
      if (!tenant) throw unfit('there is no such tenant')
      transports.push(makeTransport(channel, { tenant, factories }))
    } catch (error) {
      failures.push({ key: { tenant: channel.tenant, channel: channel.channel }, error })
    }
  }
  if (failures.length > 0 && !onError) throw cannotLoad(failures)
  for (const failure of failures) onError?.(failure.key, cannotLoad([failure]))
  return transports
}

interface Failure {
  readonly key: ChannelKey
  readonly error: unknown
}

/** Throws `invalid_options`, in words that show no credential, where the channel could not be loaded at the next start. */
export function checkChannel(channel: TenantChannel, made: Made): void {
  try {
    makeTransport(channel, made)
  } catch (cause) {
    throw unfit(`[server] This channel cannot be used: ${why(cause)}. Correct it.`, cause)
  }
}

interface Made {
  readonly tenant: Tenant
  readonly factories: TransportFactories
}

function makeTransport(channel: TenantChannel, { tenant, factories }: Made): Transport {
  const factory = Object.hasOwn(factories, channel.transport) ? factories[channel.transport] : undefined
  if (!factory)
    throw unfit(`there is no factory "${channel.transport}"; there are: ${Object.keys(factories).join(', ')}`)
  const weak = Object.entries(channel.credentials).find(([name, value]) => isWeak(name, value))
  if (weak) throw unfit(`its "${weak[0]}" is empty or looks like a placeholder`)
  const transport = factory(channel, tenant)
  // Two channels whose messages went to each other's tenant would be the worst of all mistakes.
  if (transport.tenant !== channel.tenant || transport.channel !== channel.channel)
    throw unfit('its factory made a transport for another channel: pass `tenant` and `channel` on')
  return transport
}

const secretName = /secret|token|password|api_?key/i

function isWeak(name: string, value: unknown): boolean {
  return typeof value === 'string' && secretName.test(name) && (value.trim() === '' || looksDefault(value))
}

function unfit(message: string, cause?: unknown): WaAgentError {
  return new WaAgentError('invalid_options', message, { cause })
}

function cannotLoad(failures: readonly Failure[]): WaAgentError {
  const lines = failures.map(({ key, error }) => `${key.tenant}/${key.channel}: ${why(error)}`)
  return new WaAgentError(
    'invalid_options',
    `[server] These channels cannot be used: ${lines.join('; ')}. Correct them.`,
    {
      cause: failures[0]?.error,
    },
  )
}

function why(error: unknown): string {
  if (error instanceof WaAgentError) return error.message
  // A foreign error may quote a credential.
  return `its factory failed (${error instanceof Error ? error.name : typeof error})`
}
