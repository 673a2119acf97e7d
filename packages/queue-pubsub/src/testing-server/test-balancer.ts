import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PushHandler } from '../push.ts'
import { tokenOf } from './test-tokens.ts'

/** An HTTP server in front of push handlers, like a load balancer: it asks the next one where one is not available. */
export interface Balancer extends AsyncDisposable {
  readonly url: string
  /** The result takes it out, and breaks the connections that it still holds, as the end of its process does. */
  add(handler: PushHandler): () => void
}

export async function startBalancer(): Promise<Balancer> {
  const handlers = new Map<PushHandler, Set<IncomingMessage>>()
  let next = 0

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    // The emulator sends no token.
    const authorization = request.headers.authorization ?? `Bearer ${tokenOf()}`
    let status = 503
    next += 1
    const inTurn = [...handlers].map((_, index, all) => all[(index + next) % all.length])
    for (const [handler, held] of inTurn.filter((entry) => entry !== undefined)) {
      held.add(request)
      const asked = new Request('http://balancer/', {
        method: 'POST',
        headers: { authorization },
        body,
        signal: gone.signal,
      })
      ;({ status } = await handler(asked))
      held.delete(request)
      if (status !== 503 && status !== 429) break
    }
    response.writeHead(status).end()
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  // A request that meets a connection which is just being closed for idleness would be lost, and count as a delivery.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`,
    add(handler) {
      const held = new Set<IncomingMessage>()
      handlers.set(handler, held)
      return () => {
        handlers.delete(handler)
        for (const request of held) request.socket.destroy()
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
