import { Hono } from 'hono'
import { matchedRoutes } from 'hono/route'
import { type Answering, securityHeaders } from './answering.ts'
import { apiKeyRoutes } from './api-key-routes.ts'
import { authenticate } from './authenticate.ts'
import { addBoard } from './board.ts'
import { type BodyBudget, readWebBody } from './body.ts'
import { botRoutes } from './bot-routes.ts'
import { chatHandler } from './chat.ts'
import { adminRoutes } from './desktop-link/admin-routes.ts'
import { desktopRoutes } from './desktop-link/desktop-routes.ts'
import type { Desktops } from './desktop-link/desktops.ts'
import { addMetrics } from './metrics/metrics-route.ts'
import { type HttpSettings, hasBot } from './options.ts'
import { methodNotAllowed, notFound, type Problem, problemBody, problemOf, problemType, stopping } from './problem.ts'
import type { Limiter } from './rate-limits.ts'
import { watchReadiness } from './readiness.ts'
import type { Deps, Methods, RequestContext, RequestEnvironment } from './request-context.ts'
import { tenantRoutes } from './tenant-routes.ts'
import type { Webhooks } from './webhooks.ts'
import { isWorker, workerRoutes } from './worker-routes.ts'

/** What an app is made of. */
export interface AppParts {
  readonly settings: HttpSettings
  readonly answering: Answering
  readonly webhooks: Webhooks
  readonly budget: BodyBudget
  readonly addresses: Limiter
  /** Where there is a bot. */
  readonly desktops: Desktops | undefined
}
type App = Hono<RequestEnvironment>

/** Every route of the server on the Web's own objects. */
export function createApp(parts: AppParts): App {
  const { settings, answering } = parts
  const app: App = new Hono<RequestEnvironment>()
  app.use('*', observe(parts))
  app.onError((error, context) => problemResponse(context, problemOf(error, settings.logger)))
  app.notFound((context) => problemResponse(context, notFound()))
  addProbes(app, parts)
  addMetrics(app, settings, parts.addresses)
  app.use('*', async (_context, next) => {
    if (answering.isStopping) throw stopping()
    await next()
  })
  app.all('/webhooks/:transport/:channel', webhookHandler(parts))
  app.all('/webhooks/:transport/:tenant/:channel', webhookHandler(parts))
  if (parts.webhooks.takes('/')) app.all('/', webhookHandler(parts))
  const { push } = settings
  if (push) addRoutes(app, { '/pubsub': { POST: (context) => push(context.req.raw) } })
  addProtected(app, parts)
  return app
}

/** Counts, logs and names every request. */
function observe({ answering }: AppParts) {
  return async (context: RequestContext, next: () => Promise<void>) => {
    const startedAtMs = performance.now()
    const requestId = answering.begin()
    context.set('requestId', requestId)
    let status = 500
    try {
      await next()
      status = context.res.status
      for (const [name, value] of Object.entries(securityHeaders))
        if (!context.res.headers.has(name)) context.res.headers.set(name, value)
      context.res.headers.set('x-request-id', requestId)
    } finally {
      const route = matchedRoutes(context).findLast(({ path }) => path !== '*' && path !== '/*')?.path ?? '(none)'
      answering.end({ requestId, method: context.req.method, route, status, startedAtMs })
    }
  }
}

function addProbes(app: App, { settings, answering }: AppParts): void {
  const readiness = watchReadiness(settings, () => answering.isStopping)
  const startedAtMs = settings.clock.now()
  addRoutes(app, {
    '/health': {
      GET: async (context) =>
        context.json({ status: 'ok', uptimeSeconds: Math.round((settings.clock.now() - startedAtMs) / 1000) }),
    },
    '/ready': {
      async GET(context) {
        const { ready, reasons, checks } = await readiness()
        return context.json({ status: ready ? 'ready' : 'not ready', reasons, checks }, ready ? 200 : 503)
      },
    },
  })
}

function webhookHandler({ settings, webhooks, budget }: AppParts) {
  return async (context: RequestContext) => {
    const { raw } = context.req
    const url = new URL(raw.url)
    const { status, body = '' } = await webhooks.answer({
      path: url.pathname,
      method: raw.method,
      headers: raw.headers,
      query: url.searchParams,
      address: context.env.address,
      readBody: () => readWebBody(raw, { maxBytes: settings.maxWebhookBytes, budget }),
    })
    // Some statuses must not have a body.
    const hasBody = body !== '' && status !== 204 && status !== 304
    return new Response(hasBody ? body : null, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  }
}

/** What needs a key. */
function addProtected(app: App, { settings, budget, addresses, desktops }: AppParts): void {
  const { keys, board } = settings
  if (!keys) return
  if (board) addBoard(app, board, { keys, addresses })
  if (!hasBot(settings) || !desktops) return
  const guard = authenticate(settings, keys, addresses)
  app.use('/api/*', guard)
  app.use('/chat', guard)
  const deps: Deps = { settings, budget }
  addRoutes(app, { '/chat': { POST: chatHandler(deps) } })
  addRoutes(app, botRoutes(deps))
  if (isWorker(settings.bot)) addRoutes(app, workerRoutes(deps, settings.bot))
  if (keys.editor) addRoutes(app, apiKeyRoutes(deps, keys.editor))
  addRoutes(app, desktopRoutes(deps, desktops))
  const { tenants } = settings
  if (!tenants) return
  addRoutes(
    app,
    tenantRoutes(deps, tenants, (channel) => desktops.added(channel)),
  )
  addRoutes(app, adminRoutes(deps, { directory: tenants, desktops }))
}

function addRoutes(app: App, routes: Readonly<Record<string, Methods>>): void {
  for (const [path, methods] of Object.entries(routes)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler)
    app.all(path, () => {
      throw methodNotAllowed(Object.keys(methods))
    })
  }
}

function problemResponse(context: RequestContext, problem: Problem): Response {
  return new Response(problemBody(problem, context.get('requestId')), {
    status: problem.status,
    headers: { ...problem.headers, 'content-type': problemType },
  })
}
