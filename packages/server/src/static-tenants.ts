import { WaAgentError } from '@wa-agent/core'
import type { z } from 'zod'
import {
  type TenantChannelInput,
  type TenantDirectory,
  type TenantInput,
  tenantChannelSchema,
  tenantSchema,
} from './tenants.ts'

/** Options of `staticTenants`. */
export interface StaticTenantsOptions {
  readonly tenants: readonly TenantInput[]
  readonly channels?: readonly TenantChannelInput[]
}

/** Tenants and channels from configuration. Throws `invalid_options` with the field that is wrong, or what is double. */
export function staticTenants(options: StaticTenantsOptions): TenantDirectory {
  const tenants = new Map(
    options.tenants.map((input, index) => {
      const tenant = checked(tenantSchema, input, `tenants[${index}]`)
      return [tenant.id, tenant]
    }),
  )
  if (tenants.size !== options.tenants.length) throw twice('tenants', 'id')
  const channels = (options.channels ?? []).map((input, index) =>
    checked(tenantChannelSchema, input, `channels[${index}]`),
  )
  if (new Set(channels.map(({ tenant, channel }) => `${tenant}/${channel}`)).size !== channels.length)
    throw twice('channels', 'tenant and channel')
  for (const [index, { tenant }] of channels.entries()) if (!tenants.has(tenant)) throw unknownTenant(index)
  return {
    tenants: async () => [...tenants.values()],
    tenant: async (id) => tenants.get(id),
    channels: async (tenant) =>
      tenant === undefined ? channels : channels.filter((channel) => channel.tenant === tenant),
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, input: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = [where, ...(issue?.path ?? [])].map(String).join('.')
  throw new WaAgentError('invalid_options', `[server] Expected a valid \`${path}\`: ${issue?.message}. Correct it.`)
}

function twice(what: string, by: string): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[server] Expected \`${what}\` to differ by ${by}, got one twice. Rename it.`,
  )
}

function unknownTenant(index: number): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[server] Expected \`channels[${index}].tenant\` to be one of \`tenants\`. Add the tenant, or correct its id.`,
  )
}
