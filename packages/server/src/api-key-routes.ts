import { z } from 'zod'
import type { ApiKeyEditor } from './api-keys.ts'
import { notFound, Problem } from './problem.ts'
import { adminOnly, type Deps, type Methods, readJson, tenantOf } from './request-context.ts'

const newKeySchema = z.object({
  name: z.string().min(1).max(200),
  scope: z.discriminatedUnion('type', [
    z.object({ type: z.literal('admin') }),
    z.object({ type: z.literal('tenant'), tenant: z.string().min(1).max(128) }),
  ]),
  expiresAtMs: z.number().int().positive().optional(),
})

/** Making, listing and revoking keys. A tenant's key manages the keys of its tenant. */
export function apiKeyRoutes(deps: Deps, editor: ApiKeyEditor): Readonly<Record<string, Methods>> {
  const { settings } = deps
  const mustExist = async (tenant: string) => {
    if (settings.tenants && !(await settings.tenants.tenant(tenant))) throw notFound()
  }
  return {
    '/api/keys': {
      async GET(context) {
        const tenant = tenantOf(context, context.req.query('tenant'))
        return context.json({ keys: await editor.list(tenant === undefined ? {} : { tenant }) })
      },
      async POST(context) {
        const { name, scope, expiresAtMs } = await readJson(context, deps, newKeySchema)
        if (scope.type === 'admin') adminOnly(context)
        else {
          tenantOf(context, scope.tenant)
          await mustExist(scope.tenant)
        }
        if (expiresAtMs !== undefined && expiresAtMs <= settings.clock.now()) throw past()
        const made = await editor.create({ name, scope, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) })
        return context.json(made, 201)
      },
    },
    '/api/keys/:id': {
      async DELETE(context) {
        const tenant = tenantOf(context, undefined)
        const id = context.req.param('id') ?? ''
        if (!(await editor.revoke(id, tenant === undefined ? {} : { tenant }))) throw notFound()
        return context.body(null, 204)
      },
    },
  }
}

function past(): Problem {
  return new Problem(400, 'bad-request', { detail: 'Expected "expiresAtMs" to be in the future.' })
}
