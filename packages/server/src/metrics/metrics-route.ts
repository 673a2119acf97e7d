import type { Hono } from 'hono'
import { authenticate } from '../authenticate.ts'
import type { HttpSettings } from '../options.ts'
import { methodNotAllowed } from '../problem.ts'
import type { Limiter } from '../rate-limits.ts'
import { adminOnly, type RequestEnvironment } from '../request-context.ts'

const path = '/metrics'

/** `GET /metrics`, behind an admin key unless it is public. */
export function addMetrics(app: Hono<RequestEnvironment>, settings: HttpSettings, addresses: Limiter): void {
  const { metrics, keys } = settings
  if (!metrics) return
  if (!metrics.public && keys) {
    app.use(path, authenticate(settings, keys, addresses), async (context, next) => {
      adminOnly(context)
      await next()
    })
  }
  app.get(path, async (context) => {
    const { contentType, body } = await metrics.read()
    return context.body(body, 200, { 'content-type': contentType })
  })
  app.all(path, () => {
    throw methodNotAllowed(['GET'])
  })
}
