import { createServer, type Server as HttpServer, type RequestListener, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { waitFor } from '@wa-agent/core'
import { securityHeaders } from './answering.ts'
import type { HttpSettings } from './options.ts'
import { Problem, problemBody, problemType } from './problem.ts'

/** How often clients are looked at that take too long. */
const checkEveryMs = 2000
/** How often connections are closed that became idle, while the server stops. */
const closeEveryMs = 20

/** A server that listens. */
export interface Listening {
  readonly server: HttpServer
  readonly port: number
  /** How many requests have no whole answer yet. */
  unanswered(): number
}

/** Listens with time-outs for slow clients, and answers what is no HTTP with a problem. */
export async function listen(
  settings: HttpSettings,
  listener: RequestListener,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<Listening> {
  let unanswered = 0
  const server = createServer(
    {
      headersTimeout: Math.min(settings.headersTimeoutMs, settings.requestTimeoutMs),
      requestTimeout: settings.requestTimeoutMs,
      keepAliveTimeout: settings.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(checkEveryMs, settings.headersTimeoutMs, settings.requestTimeoutMs),
      noDelay: true,
      // Node would refuse it without a problem; where a host is needed, its absence is refused later.
      requireHostHeader: false,
    },
    listener,
  )
  server.on('request', (_request, response) => {
    unanswered += 1
    response.once('close', () => {
      unanswered -= 1
    })
  })
  server.on('clientError', (error, socket) => answerClientError(error, socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { server, port: (server.address() as AddressInfo).port, unanswered: () => unanswered }
}

/** Stops listening, waits for what was accepted, and cuts off what takes longer than `stopTimeoutMs`. */
export async function closeHttpServer({ server, unanswered }: Listening, settings: HttpSettings): Promise<void> {
  const finished = new AbortController()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const closing = setInterval(() => {
    // A connection that has not sent a request is not idle for node, and one that becomes idle now would be kept.
    if (unanswered() === 0) server.closeAllConnections()
    else server.closeIdleConnections()
  }, closeEveryMs)
  try {
    await Promise.race([closed, waitFor(settings.clock, settings.stopTimeoutMs, finished.signal)])
  } finally {
    finished.abort()
    clearInterval(closing)
    server.closeAllConnections()
  }
}

function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || socket.destroyed) return void socket.destroy()
  const problem = problemFor(error.code)
  const body = problemBody(problem, 'none')
  const headers = {
    ...securityHeaders,
    'content-type': problemType,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`)
}

function problemFor(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem(431, 'too-large', { detail: 'Expected at most 16 KiB of headers.' })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem(408, 'timeout', { detail: 'The request took too long to arrive.' })
  return new Problem(400, 'bad-request', { detail: 'Expected HTTP/1.1.' })
}
