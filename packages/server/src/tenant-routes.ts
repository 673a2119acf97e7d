import { z } from 'zod'
import { checkChannel } from './load-transports.ts'
import { notFound, Problem } from './problem.ts'
import {
  adminOnly,
  check,
  type Deps,
  type Methods,
  type RequestContext,
  readJson,
  tenantOf,
} from './request-context.ts'
import {
  channelDetailsSchema,
  type TenantChannel,
  type TenantDirectory,
  type TenantEditor,
  tenantChannelSchema,
  tenantDetailsSchema,
  tenantSchema,
} from './tenants.ts'

/** Tenants and their channels. A tenant's key sees its own; only an admin changes them. `added` is told of channels. */
export function tenantRoutes(
  deps: Deps,
  directory: TenantDirectory,
  added: (channel: TenantChannel) => Promise<void>,
): Readonly<Record<string, Methods>> {
  /** The tenant of the path, if the key may see it. */
  const visible = (context: RequestContext) => {
    const id = context.req.param('tenant') ?? ''
    tenantOf(context, id)
    return id
  }
  const editorFor = (context: RequestContext): TenantEditor => {
    adminOnly(context)
    if (!directory.editor) throw fixed()
    return directory.editor
  }
  /** What could not be loaded at the next start is refused now. */
  const checkLoadable = async (channel: TenantChannel) => {
    const { factories } = deps.settings
    if (!factories) return
    const tenant = await directory.tenant(channel.tenant)
    if (!tenant) throw notFound()
    checkChannel(channel, { tenant, factories })
  }
  return {
    '/api/tenants': {
      async GET(context) {
        const only = tenantOf(context, undefined)
        const tenants = await directory.tenants()
        return context.json({ tenants: only === undefined ? tenants : tenants.filter(({ id }) => id === only) })
      },
    },
    '/api/tenants/:tenant': {
      async GET(context) {
        const tenant = await directory.tenant(visible(context))
        if (!tenant) throw notFound()
        return context.json(tenant)
      },
      async PUT(context) {
        const id = visible(context)
        const editor = editorFor(context)
        // An answer of GET may be changed and put back.
        const schema = tenantDetailsSchema.extend({ id: z.literal(id).optional() })
        const details = await readJson(context, deps, schema)
        const tenant = check(tenantSchema, { ...details, id })
        await editor.putTenant(tenant)
        return context.json(tenant)
      },
      async DELETE(context) {
        const id = visible(context)
        if (!(await editorFor(context).deleteTenant(id))) throw notFound()
        return context.body(null, 204)
      },
    },
    '/api/tenants/:tenant/channels': {
      async GET(context) {
        const id = visible(context)
        if (!(await directory.tenant(id))) throw notFound()
        return context.json({ channels: (await directory.channels(id)).map(withoutSecrets) })
      },
    },
    '/api/tenants/:tenant/channels/:channel': {
      async PUT(context) {
        const tenant = visible(context)
        const editor = editorFor(context)
        const details = await readJson(context, deps, channelDetailsSchema)
        const channel = check(tenantChannelSchema, { ...details, tenant, channel: context.req.param('channel') })
        await checkLoadable(channel)
        await editor.putChannel(channel)
        await added(channel)
        return context.json(withoutSecrets(channel))
      },
      async DELETE(context) {
        const tenant = visible(context)
        const channel = context.req.param('channel') ?? ''
        if (!(await editorFor(context).deleteChannel({ tenant, channel }))) throw notFound()
        return context.body(null, 204)
      },
    },
  }
}

/** Which credentials are set is told, never what they are. */
function withoutSecrets({ credentials, ...channel }: TenantChannel) {
  return { ...channel, credentials: Object.keys(credentials) }
}

function fixed(): Problem {
  return new Problem(409, 'conflict', { detail: 'Tenants come from configuration here. Change them there.' })
}
