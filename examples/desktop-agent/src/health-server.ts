import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AgentMemory, type AgentStatus, isWell } from './agent-status.ts'
import { qrPage } from './qr-page.ts'

/** What the server tells. */
export interface HealthServerOptions {
  readonly port: number
  readonly status: () => Promise<AgentStatus>
  readonly memory: () => Promise<AgentMemory>
  /** What the QR code says, while one is to be scanned. */
  readonly qr: () => string | undefined
}

const loopback = '127.0.0.1'
/** A page of the internet may let its own name lead to this computer; the browser then still sends that name. */
const localHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/** Serves `GET /health` and `GET /qr` to programs of this computer, and to nobody else. Resolves with the port. */
export async function startHealthServer(options: HealthServerOptions): Promise<{ port: number; stop: () => void }> {
  const server = createServer((request, response) => {
    void answer(request, options).then(
      (reply) => respond(response, reply, request.method),
      () => respond(response, problem(500, 'The state of the agent cannot be read.'), request.method),
    )
  })
  const port = await listen(server, options.port)
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { port, stop }
}

interface Reply {
  readonly status: number
  readonly type: 'application/json' | 'application/problem+json' | 'text/html'
  readonly body: string
}

async function answer({ method, url, headers }: IncomingMessage, options: HealthServerOptions): Promise<Reply> {
  if (!localHost.test(headers.host ?? '')) return problem(421, 'Expected to be called localhost.')
  const path = (url ?? '/').split('?')[0]
  if (path !== '/health' && path !== '/qr') return problem(404, 'Expected /health or /qr.')
  if (method !== 'GET' && method !== 'HEAD') return problem(405, `Expected GET ${path}.`)
  if (path === '/qr') return { status: 200, type: 'text/html', body: qrPage(await options.status(), options.qr()) }
  const [status, memory] = await Promise.all([options.status(), options.memory()])
  return {
    status: isWell(status) ? 200 : 503,
    type: 'application/json',
    body: `${JSON.stringify(report(status, memory))}\n`,
  }
}

/** What `/health` says. */
function report(status: AgentStatus, memory: AgentMemory) {
  const { whatsApp, cloud, waitingMessages, waitingReplies, deadLetters, lastMessageAtMs, startedAtMs } = status
  return {
    status: isWell(status) ? 'ok' : 'degraded',
    whatsapp: whatsApp,
    cloud: { state: cloud, reachable: cloud === 'reachable' || cloud === 'paused' },
    queue: { depth: waitingMessages + waitingReplies, waitingMessages, waitingReplies, deadLetters },
    lastMessageAt: lastMessageAtMs === undefined ? null : new Date(lastMessageAtMs).toISOString(),
    memory: { nodeBytes: memory.nodeBytes, chromiumBytes: memory.chromiumBytes ?? null },
    startedAt: new Date(startedAtMs).toISOString(),
  }
}

function problem(status: number, detail: string): Reply {
  const body = `${JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail })}\n`
  return { status, type: 'application/problem+json', body }
}

function respond(response: ServerResponse, { status, type, body }: Reply, method = 'GET'): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(method === 'HEAD' ? undefined : body)
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, loopback, resolve))
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') throw error
    throw new Error(
      `Port ${port} is taken, perhaps by an agent that runs already: look at http://localhost:${port}/health. Otherwise set LOCAL_PORT to another port.`,
      { cause: error },
    )
  }
  return (server.address() as AddressInfo).port
}
