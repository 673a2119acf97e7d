import { type Transport, WaAgentError } from '@wa-agent/core'
import { looksDefault } from './secrets.ts'
import type { Tenant, TenantChannel, TenantDirectory } from './tenants.ts'

/** Makes the transport of one channel from its credentials. Throws `invalid_options` where they are wrong. */
export type TransportFactory = (channel: TenantChannel, tenant: Tenant) => Transport

/** Options of `loadTransports`. */
export interface LoadTransportsOptions {
  /** By name of the transport, e.g. `{ maytapi: ({ tenant, channel, credentials }) => maytapiTransport(...) }`. */
  readonly factories: Readonly<Record<string, TransportFactory>>
}

/**
 * Makes a transport for each channel of the directory. Rejects with one `invalid_options` that names every channel which
 * cannot be made, and why; credentials are never shown.
 */
export async function loadTransports(
  directory: TenantDirectory,
  options: LoadTransportsOptions,
): Promise<readonly Transport[]> {
  const factories = new Map(Object.entries(options.factories))
  const tenants = new Map((await directory.tenants()).map((tenant) => [tenant.id, tenant]))
  const transports: Transport[] = []
  const failures: Failure[] = []
  for (const channel of await directory.channels()) {
    const tenant = tenants.get(channel.tenant)
    try {
      if (!tenant) throw unfit('there is no such tenant')
      transports.push(makeTransport(channel, { tenant, factories }))
    } catch (error) {
      failures.push({ where: `${channel.tenant}/${channel.channel}`, error })
    }
  }
  if (failures.length > 0) throw cannotLoad(failures)
  return transports
}

interface Failure {
  readonly where: string
  readonly error: unknown
}

function makeTransport(
  channel: TenantChannel,
  { tenant, factories }: { readonly tenant: Tenant; readonly factories: ReadonlyMap<string, TransportFactory> },
): Transport {
  const factory = factories.get(channel.transport)
  if (!factory)
    throw unfit(`there is no factory "${channel.transport}"; there are: ${[...factories.keys()].join(', ')}`)
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

function unfit(why: string): WaAgentError {
  return new WaAgentError('invalid_options', why)
}

function cannotLoad(failures: readonly Failure[]): WaAgentError {
  const lines = failures.map(({ where, error }) => {
    // A foreign error may quote a credential.
    const why = error instanceof WaAgentError ? error.message : `its factory failed (${nameOf(error)})`
    return `${where}: ${why}`
  })
  return new WaAgentError(
    'invalid_options',
    `[server] These channels cannot be used: ${lines.join('; ')}. Correct them.`,
    {
      cause: failures[0]?.error,
    },
  )
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
