import type { ChannelKey } from '@wa-agent/core'
import { z } from 'zod'

const idPattern = /^[A-Za-z0-9+][A-Za-z0-9._:@+-]{0,127}$/

/** Whether this may name a tenant or a channel: the rule of the engine. */
export function isTenantId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value)
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return true
  } catch {
    return false
  }
}

const id = z.string().regex(idPattern, 'use 1-128 letters, digits or . _ : @ + -')

/** What a business may set. Your agents and factories may keep more in it. */
export const tenantSettingsSchema = z.looseObject({
  /** BCP 47, e.g. `en-IN`. */
  locale: z.string().min(2).max(35).optional(),
  /** What its keys may ask in a minute, in place of the server's limit. */
  requestsPerMinute: z.number().int().min(1).max(1_000_000).optional(),
  /** Whether its desktop may upload files that customers sent. Without it only text and metadata leave the PC. */
  desktopMedia: z.boolean().optional(),
})

/** An object with these fields and no others: a name that is spelt wrongly is told, not passed over. */
export function onlyFields<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `there is no "${(keys as string[])[0]?.slice(0, 100)}"; there are ${Object.keys(shape).join(', ')}`
        : undefined,
  })
}

/** What can be said of a business, without its id. */
export const tenantDetailsSchema = onlyFields({
  name: z.string().min(1).max(200),
  timeZone: z.string().max(64).refine(isTimeZone, 'use an IANA name such as Asia/Kolkata').default('UTC'),
  settings: tenantSettingsSchema.default({}),
})

/** A business. */
export const tenantSchema = onlyFields({ id, ...tenantDetailsSchema.shape })
export type Tenant = z.output<typeof tenantSchema>
/** A business as configuration writes it: what has a default may be left out. */
export type TenantInput = z.input<typeof tenantSchema>

/** What can be said of a channel, without its name. */
export const channelDetailsSchema = onlyFields({
  /** Which kind it is, e.g. `maytapi`: the name of a factory. */
  transport: id,
  /** What the factory needs to reach the provider. Opaque, and never shown again. */
  credentials: z.record(z.string(), z.json()).default({}),
})

/** One WhatsApp number of a business. */
export const tenantChannelSchema = onlyFields({ tenant: id, channel: id, ...channelDetailsSchema.shape })
export type TenantChannel = z.output<typeof tenantChannelSchema>
/** A channel as configuration writes it. */
export type TenantChannelInput = z.input<typeof tenantChannelSchema>

/**
 * Tenants and channels that can be changed while the server runs. A channel takes effect at the next start, one of a desktop at
 * once, as a removed desktop is; other channels that are removed are served until then.
 */
export interface TenantEditor {
  putTenant(tenant: Tenant): Promise<void>
  /** Removes it with its channels, and revokes its keys. False where there is none. Messages stay in the storage. */
  deleteTenant(id: string): Promise<boolean>
  /** Rejects with `not_found` where there is no such tenant. */
  putChannel(channel: TenantChannel): Promise<void>
  deleteChannel(key: ChannelKey): Promise<boolean>
}

/** How the desktop of a tenant is; of several, the one that changed last. */
export interface DesktopAgentNote {
  readonly status: 'online' | 'offline'
  readonly phone: string | null
  readonly device: string | null
  /** Milliseconds since 1970. */
  readonly lastSeenMs: number
}

/** Which businesses there are, and how they are reached. */
export interface TenantDirectory {
  tenants(): Promise<readonly Tenant[]>
  tenant(id: string): Promise<Tenant | undefined>
  /** All channels, or those of one tenant. */
  channels(tenant?: string): Promise<readonly TenantChannel[]>
  /** Absent where tenants come from configuration. */
  readonly editor?: TenantEditor
  /** Notes how the desktop of a tenant is, for whoever reads the directory. Unknown tenants change nothing. */
  noteDesktopAgent?(tenant: string, agent: DesktopAgentNote): Promise<void>
}
