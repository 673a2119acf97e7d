import type { DatabaseSync } from 'node:sqlite'
import { type Clock, WaAgentError } from '@wa-agent/core'
import type { Tenant, TenantChannel, TenantDirectory } from './tenants.ts'
import { transaction } from './transaction.ts'

interface TenantRow {
  readonly id: string
  readonly name: string
  readonly time_zone: string
  readonly settings: string
}

interface ChannelRow {
  readonly tenant: string
  readonly channel: string
  readonly transport: string
  readonly credentials: string
}

/** Tenants and channels in the tables of `sqliteDirectory`. */
export function sqliteTenants(db: DatabaseSync, clock: Pick<Clock, 'now'>): TenantDirectory {
  const all = db.prepare('SELECT * FROM tenants ORDER BY id')
  const one = db.prepare('SELECT * FROM tenants WHERE id = ?')
  const allChannels = db.prepare('SELECT * FROM channels ORDER BY tenant, channel')
  const someChannels = db.prepare('SELECT * FROM channels WHERE tenant = ? ORDER BY channel')
  const put = db.prepare(
    `INSERT INTO tenants (id, name, time_zone, settings) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, time_zone = excluded.time_zone, settings = excluded.settings`,
  )
  const remove = db.prepare('DELETE FROM tenants WHERE id = ?')
  const revokeKeys = db.prepare('UPDATE api_keys SET revoked_at = ? WHERE tenant = ? AND revoked_at IS NULL')
  const putChannel = db.prepare(
    `INSERT INTO channels (tenant, channel, transport, credentials) VALUES (?, ?, ?, ?)
     ON CONFLICT (tenant, channel) DO UPDATE SET transport = excluded.transport, credentials = excluded.credentials`,
  )
  const removeChannel = db.prepare('DELETE FROM channels WHERE tenant = ? AND channel = ?')
  const note = db.prepare(
    `UPDATE tenants SET desktop_agent_status = ?, desktop_agent_phone = ?, desktop_agent_device = ?,
       desktop_agent_last_seen = ? WHERE id = ?`,
  )
  const find = (id: string) => one.get(id) as TenantRow | undefined
  return {
    tenants: async () => (all.all() as unknown as TenantRow[]).map(toTenant),
    tenant: async (id) => {
      const row = find(id)
      return row && toTenant(row)
    },
    channels: async (tenant) =>
      ((tenant === undefined ? allChannels.all() : someChannels.all(tenant)) as unknown as ChannelRow[]).map(toChannel),
    noteDesktopAgent: async (tenant, { status, phone, device, lastSeenMs }) =>
      void note.run(status, phone, device, lastSeenMs, tenant),
    editor: {
      putTenant: async ({ id, name, timeZone, settings }) => void put.run(id, name, timeZone, JSON.stringify(settings)),
      deleteTenant: async (id) =>
        transaction(db, () => {
          // A tenant of the same id that is made later must not be open to the keys of this one.
          revokeKeys.run(clock.now(), id)
          return Number(remove.run(id).changes) > 0
        }),
      putChannel: async ({ tenant, channel, transport, credentials }) =>
        transaction(db, () => {
          if (!find(tenant)) throw noTenant()
          putChannel.run(tenant, channel, transport, JSON.stringify(credentials))
        }),
      deleteChannel: async ({ tenant, channel }) => Number(removeChannel.run(tenant, channel).changes) > 0,
    },
  }
}

function toTenant({ id, name, time_zone: timeZone, settings }: TenantRow): Tenant {
  return { id, name, timeZone, settings: JSON.parse(settings) as Tenant['settings'] }
}

function toChannel({ credentials, ...row }: ChannelRow): TenantChannel {
  return { ...row, credentials: JSON.parse(credentials) as TenantChannel['credentials'] }
}

function noTenant(): WaAgentError {
  return new WaAgentError('not_found', '[server] There is no such tenant. Put the tenant before its channels.')
}
