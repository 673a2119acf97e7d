import type { IncomingMessage, ServerResponse } from 'node:http'
import { clientAddress } from './address.ts'
import { type Answering, securityHeaders } from './answering.ts'
import { type BodyBudget, readNodeBody } from './body.ts'
import type { HttpSettings } from './options.ts'
import { Problem, problemBody, problemOf, problemType, stopping } from './problem.ts'
import type { WebhookCall, Webhooks } from './webhooks.ts'

/** What the node side of a server works with. */
export interface NodeSide {
  readonly settings: HttpSettings
  readonly answering: Answering
  readonly webhooks: Webhooks
  readonly budget: BodyBudget
}

const fixedHeaders = Object.entries({ ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' }).flat()

/**
 * Answers a webhook on node's own objects: building a Web `Request` and reading it costs more than to verify and to parse
 * the webhook.
 */
export async function answerNodeWebhook(
  side: NodeSide,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { answering, settings, webhooks } = side
  const startedAtMs = performance.now()
  const requestId = answering.begin()
  const method = request.method ?? ''
  let status = 500
  try {
    if (answering.isStopping) throw stopping()
    const answer = await webhooks.answer(callOf(side, request))
    status = answer.status
    const body = answer.body ?? ''
    response
      .writeHead(status, [
        ...fixedHeaders,
        'content-length',
        String(Buffer.byteLength(body)),
        'x-request-id',
        requestId,
      ])
      .end(body)
  } catch (error) {
    const problem = problemOf(error, settings.logger)
    status = problem.status
    writeProblem(response, problem, requestId)
  } finally {
    answering.end({ requestId, method, route: '/webhooks/*', status, startedAtMs })
  }
}

function writeProblem(response: ServerResponse, problem: Problem, requestId: string): void {
  if (response.headersSent) return
  const body = problemBody(problem, requestId)
  const headers = { ...securityHeaders, ...problem.headers, 'content-type': problemType, 'x-request-id': requestId }
  response.writeHead(problem.status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

function callOf({ settings, budget }: NodeSide, request: IncomingMessage): WebhookCall {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const { headers } = request
  let query: URLSearchParams | undefined
  return {
    path: mark === -1 ? url : url.slice(0, mark),
    method: request.method ?? '',
    headers: {
      get(name) {
        const value = headers[name.toLowerCase()]
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
      },
    },
    query: {
      get(name) {
        query ??= new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
        return query.get(name)
      },
    },
    address: addressOf(request, settings.trustedProxies),
    readBody() {
      if (request.readableEnded) throw consumed()
      return readNodeBody(request, { maxBytes: settings.maxWebhookBytes, budget })
    },
  }
}

/** Of a connection without proxies: it stays the same, and reading it is not free. */
const addresses = new WeakMap<object, string | undefined>()

function addressOf({ socket, headers }: IncomingMessage, trustedProxies: number): string | undefined {
  if (trustedProxies > 0) return clientAddress(socket.remoteAddress, header(headers['x-forwarded-for']), trustedProxies)
  if (!addresses.has(socket)) addresses.set(socket, clientAddress(socket.remoteAddress, undefined, 0))
  return addresses.get(socket)
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}

function consumed(): Error {
  // Signatures are over the bytes as they came, so a parsed body is of no use.
  return new Problem(500, 'internal', {
    detail: 'The body was read before it came here. Mount this server before any body parser.',
  })
}
