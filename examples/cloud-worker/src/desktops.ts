import { join } from 'node:path'
import type { Logger, Transport } from '@wa-agent/core'
import {
  desktopTransport,
  loadTransports,
  type ServerOptions,
  sqliteDirectory,
  type TransportFactories,
} from '@wa-agent/server'
import { makeFolderOf } from '@wa-agent-examples/agents'

/** What the worker needs to serve desktop agents. */
export interface Desktops {
  /** Of the businesses that are there already; those that come later are served without a restart. */
  readonly transports: readonly Transport[]
  readonly serving: Pick<ServerOptions, 'tenants' | 'keys' | 'factories' | 'desktop'>
  close(): void
}

/** Businesses and their keys are kept in `tenants.db`, the files that their desktops send in `media`. */
export async function openDesktops(folder: string, logger: Logger): Promise<Desktops> {
  const path = join(folder, 'tenants.db')
  makeFolderOf(path, 'DATABASE')
  const { tenants, keys, close } = sqliteDirectory({ path })
  const factories: TransportFactories = { desktop: ({ tenant, channel }) => desktopTransport({ tenant, channel }) }
  const transports = await loadTransports(tenants, {
    factories,
    onError: (channel, { message }) => logger.error({ ...channel, error: message }, 'a channel is not served'),
  })
  const desktop = { media: { folder: join(folder, 'media') } }
  return { transports, serving: { tenants, keys, factories, desktop }, close }
}
