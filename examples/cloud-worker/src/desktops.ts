import { join } from 'node:path'
import type { Transport } from '@wa-agent/core'
import { desktopTransport, loadTransports, type ServerOptions, sqliteDirectory } from '@wa-agent/server'

/** What the worker needs to serve desktop agents. */
export interface Desktops {
  /** Of the businesses that are there already; those that come later are served without a restart. */
  readonly transports: readonly Transport[]
  readonly serving: Pick<ServerOptions, 'tenants' | 'keys' | 'desktop'>
  close(): void
}

/** Businesses and their keys are kept in `tenants.db`, the files that their desktops send in `media`. */
export async function openDesktops(folder: string): Promise<Desktops> {
  const { tenants, keys, close } = sqliteDirectory({ path: join(folder, 'tenants.db') })
  const transports = await loadTransports(tenants, {
    factories: { desktop: ({ tenant, channel }) => desktopTransport({ tenant, channel }) },
  })
  return { transports, serving: { tenants, keys, desktop: { media: { folder: join(folder, 'media') } } }, close }
}
