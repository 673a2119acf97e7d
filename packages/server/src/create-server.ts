import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Meter } from '@opentelemetry/api'
import { WaAgentError, waitFor } from '@wa-agent/core'
import { clientAddress } from './address.ts'
import { Answering, securityHeaders } from './answering.ts'
import { createApp } from './app.ts'
import { BodyBudget } from './body.ts'
import { Desktops } from './desktop-link/desktops.ts'
import { closeHttpServer, type Listening, listen } from './http-server.ts'
import { HttpMetrics } from './metrics/http-metrics.ts'
import { answerNodeWebhook, type NodeSide } from './node-webhooks.ts'
import { type HttpSettings, hasBot, readSettings, type ServerOptions } from './options.ts'
import { Problem, problemBody, problemOf, problemType } from './problem.ts'
import { createLimiter } from './rate-limits.ts'
import { Webhooks } from './webhooks.ts'

/** What the surroundings know of a request: its address, or node's own objects, as `@hono/node-server` passes them. */
export interface RequestInfo {
  readonly address?: string
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } }
}

/** A server of webhooks, chat and administration. */
export interface Server {
  /** Answers one request; never rejects. Without `info` the limits by address do not apply. */
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>
  /** The same for `node:http` and Express; webhooks take a shorter way. Mount it before any body parser. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  /** Listens. Resolves with the port, which the system chooses where `port` is 0 (default). Default host: `127.0.0.1`. */
  start(options?: { readonly port?: number; readonly host?: string }): Promise<{ readonly port: number }>
  /** Takes nothing new, finishes what was accepted, then resolves. Also what is mounted elsewhere answers 503 from then on. */
  stop(): Promise<void>
}

/**
 * Makes the server of a bot, a worker or an ingest. Create it before `bot.start()`, so that it sees how the transports connect. Throws
 * `invalid_options`, also for secrets that are missing, short or look like defaults.
 */
export function createServer(options: ServerOptions): Server {
  const settings = readSettings(options)
  const answering = new Answering(settings)
  const measuring = measure(settings, answering)
  const budget = new BodyBudget(settings.maxBufferedBytes)
  const addresses = createLimiter(settings.limits.address)
  const webhooks = new Webhooks(settings, { addresses, budget })
  const desktops = hasBot(settings) ? new Desktops(settings) : undefined
  const app = createApp({ settings, answering, webhooks, budget, addresses, desktops })
  const fetch = async (request: Request, info: RequestInfo = {}) => {
    try {
      return await app.fetch(request, { address: addressOf(settings, request, info) })
    } catch (error) {
      // Hono passes on what is no Error, e.g. a string that a storage threw.
      return problemResponse(problemOf(error, settings.logger))
    }
  }
  const listener = nodeListener(fetch, { settings, answering, webhooks, budget })
  let listening: Listening | undefined
  let isStarting = false
  return {
    fetch,
    listener,
    async start({ port = 0, host = '127.0.0.1' } = {}) {
      if (listening || isStarting) throw startedTwice()
      isStarting = true
      try {
        await measuring
        listening = await listen(settings, listener, { port, host })
        answering.isStopping = false
        return { port: listening.port }
      } finally {
        isStarting = false
      }
    },
    async stop() {
      answering.isStopping = true
      // Streams have no end of their own.
      desktops?.hangUp()
      const stopping = listening
      listening = undefined
      if (stopping) await closeHttpServer(stopping, settings)
      await drain(answering, settings)
    },
  }
}

/** From when it resolves, requests are seen. */
async function measure({ telemetry }: HttpSettings, answering: Answering): Promise<void> {
  await telemetry.start()
  const meter = telemetry.meter('@wa-agent/server')
  if (meter) answering.metrics = new HttpMetrics(meter as Meter)
}

/** Waits for requests that came by `fetch` or `listener`, but no longer than `stopTimeoutMs`. */
async function drain(answering: Answering, { clock, stopTimeoutMs }: HttpSettings): Promise<void> {
  const drained = new AbortController()
  await Promise.race([answering.drained(), waitFor(clock, stopTimeoutMs, drained.signal)])
  drained.abort()
}

function addressOf({ trustedProxies }: HttpSettings, request: Request, info: RequestInfo): string | undefined {
  const remote = info.address ?? info.incoming?.socket.remoteAddress
  return clientAddress(remote, request.headers.get('x-forwarded-for'), trustedProxies)
}

function nodeListener(fetch: Server['fetch'], side: NodeSide) {
  const web = getRequestListener((request, info) => fetch(request, info as RequestInfo), {
    overrideGlobalObjects: false,
    errorHandler: unreadable,
  })
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (side.webhooks.takes(request.url ?? '')) void answerNodeWebhook(side, request, response)
    else void web(request, response)
  }
}

/** What is answered where not even a Web `Request` can be made, e.g. of a `Host` with a slash. */
function unreadable(): Response {
  return problemResponse(new Problem(400, 'bad-request', { detail: 'Expected a valid path and host.' }))
}

function problemResponse(problem: Problem): Response {
  const headers = { ...securityHeaders, ...problem.headers, 'content-type': problemType }
  return new Response(problemBody(problem, 'none'), { status: problem.status, headers })
}

function startedTwice(): WaAgentError {
  return new WaAgentError('not_running', '[server] The server listens already. Call start() again only after stop().')
}
