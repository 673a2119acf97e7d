import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/**
 * What the network does to a request.
 * - `pass`: nothing.
 * - `refuse`: nobody listens. `error`: a proxy says 503 in HTML. `garbage`: a login page with status 200.
 * - `hang`: no answer ever. `lose`: the cloud gets it, the answer is lost on the way.
 */
export type Fault = 'pass' | 'refuse' | 'error' | 'garbage' | 'hang' | 'lose'

/** A network between desktop and cloud that a test breaks and mends. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string
  /** Decides what happens to each request from now on. */
  fault: (path: string) => Fault
  /** Where requests go. */
  target: number
  /** Cuts every connection that is open. */
  cut(): void
  /** The paths of what passed, in order, with the bodies that were sent. */
  readonly passed: readonly { readonly path: string; readonly body: string }[]
}

export async function faultProxy(target: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  const passed: { path: string; body: string }[] = []
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  })

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    incoming.on('error', () => undefined)
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const path = incoming.url ?? ''
    const fault = proxy.fault(path)
    if (fault === 'refuse') return void incoming.socket.destroy()
    if (fault === 'hang') return
    if (fault === 'error') return void outgoing.writeHead(503, { 'content-type': 'text/html' }).end('<h1>503</h1>')
    if (fault === 'garbage') return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in</h1>')
    passed.push({ path, body: body.toString() })
    const { method, headers } = incoming
    const forward = request(
      { host: '127.0.0.1', port: proxy.target, path, method, headers, agent: false },
      (response) => {
        if (fault === 'lose') {
          response.resume()
          response.on('end', () => incoming.socket.destroy())
          return
        }
        outgoing.writeHead(response.statusCode ?? 500, response.headers)
        response.on('error', () => outgoing.destroy()).on('close', () => outgoing.end())
        response.pipe(outgoing)
        outgoing.flushHeaders()
      },
    )
    forward.on('error', () => incoming.socket.destroy())
    outgoing.on('close', () => forward.destroy())
    forward.end(body)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => 'pass',
    target,
    passed,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      proxy.cut()
      await closed
    },
  }
  return proxy
}
