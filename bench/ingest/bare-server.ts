// What is measured against: node:http, the same checks, and nothing kept.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isValid } from './webhook.ts'

/** Listens on a free port. */
export async function runBareServer(): Promise<number> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const [first] = chunks
      const body = chunks.length === 1 && first ? first : Buffer.concat(chunks)
      const isGood = isValid(body, request.headers['x-hub-signature-256'] as string | undefined)
      response.writeHead(isGood ? 200 : 401, { 'content-length': 0 }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
