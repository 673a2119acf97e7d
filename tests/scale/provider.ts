import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a customer got. */
export interface Sent {
  readonly id: string
  readonly chat: string
  readonly text: string
}

/** A provider of messages: it keeps what it is given, and says whether it has something. */
export interface Provider extends AsyncDisposable {
  readonly url: string
  readonly sent: readonly Sent[]
  /** Whether nothing can be taken in: `GET /heard` is refused. */
  isTroubled: boolean
}

export async function startProvider(): Promise<Provider> {
  const sent: Sent[] = []
  const ids = new Set<string>()
  const state = { isTroubled: false }
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const message = JSON.parse(await bodyOf(request)) as Sent
      sent.push(message)
      ids.add(message.id)
      response.end()
      return
    }
    if (request.url === '/heard') {
      response.writeHead(state.isTroubled ? 503 : 200).end()
      return
    }
    const id = new URL(request.url ?? '', 'http://provider').searchParams.get('id') ?? ''
    response.writeHead(ids.has(id) ? 200 : 404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
