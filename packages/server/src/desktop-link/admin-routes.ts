import { z } from 'zod'
import { Problem } from '../problem.ts'
import { adminOnly, check, type Deps, type Methods, readJson } from '../request-context.ts'
import { onlyFields, type TenantDirectory, tenantChannelSchema, tenantSchema } from '../tenants.ts'
import { type Desktops, desktopKind } from './desktops.ts'

const newTenantSchema = onlyFields({
  ...tenantSchema.shape,
  /** The channel that its desktop serves; `false` for none. */
  desktop: z.union([tenantChannelSchema.shape.channel, z.literal(false)]).default('desktop'),
})

/** Makes a tenant with all that its desktop needs, in one go. */
export function adminRoutes(
  deps: Deps,
  { directory, desktops }: { readonly directory: TenantDirectory; readonly desktops: Desktops },
): Readonly<Record<string, Methods>> {
  return {
    '/api/admin/tenants': {
      async POST(context) {
        adminOnly(context)
        const { editor } = directory
        const keys = deps.settings.keys?.editor
        if (!editor || !keys) throw fixed()
        const { desktop, ...tenant } = await readJson(context, deps, newTenantSchema)
        if (await directory.tenant(tenant.id)) throw exists()
        await editor.putTenant(tenant)
        try {
          const { id } = tenant
          if (desktop !== false) {
            const channel = check(tenantChannelSchema, { tenant: id, channel: desktop, transport: desktopKind })
            await editor.putChannel(channel)
            await desktops.add(channel)
          }
          const made = await keys.create({ name: `desktop of ${id}`, scope: { type: 'tenant', tenant: id } })
          return context.json({ tenant, key: made.key, apiKey: made.secret }, 201)
        } catch (error) {
          // Half a tenant would only be in the way of the next try.
          await editor.deleteTenant(tenant.id)
          throw error
        }
      },
    },
  }
}

function exists(): Problem {
  return new Problem(409, 'conflict', { detail: 'There is such a tenant already. Choose another id.' })
}

function fixed(): Problem {
  return new Problem(409, 'conflict', { detail: 'Tenants or keys come from configuration here. Change them there.' })
}
