import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers what a process in Google's cloud asks its metadata server, and what a publisher asks Pub/Sub. */
export async function startGoogleStandIn(): Promise<{ readonly url: string } & AsyncDisposable> {
  let published = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = answer(request.url ?? '', Buffer.concat(chunks).toString('utf8'))
      response.writeHead(200, { 'content-type': 'application/json', 'metadata-flavor': 'Google' }).end(body)
    })
  })
  function answer(url: string, body: string): string {
    if (url.includes('/token')) return JSON.stringify({ access_token: 'none', expires_in: 3600, token_type: 'Bearer' })
    if (url.endsWith(':testIamPermissions')) return JSON.stringify({ permissions: ['pubsub.topics.publish'] })
    if (!url.endsWith(':publish')) return '{}'
    const { messages } = JSON.parse(body) as { readonly messages: readonly unknown[] }
    return JSON.stringify({ messageIds: messages.map(() => String(published++)) })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
