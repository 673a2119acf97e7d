// Stands in for OpenAI: answers each chat completion at once with a sentence, or with an object where a schema is asked for.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on a free port of the loopback address. */
export async function runModelStandIn(): Promise<{
  readonly url: string
  readonly calls: () => number
  close(): void
}> {
  let calls = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { model?: string; response_format?: unknown }
    calls += 1
    const content = asked.response_format ? JSON.stringify({ intent: 'none', confidence: 0.2 }) : 'Let me look that up.'
    const message = { role: 'assistant', content, refusal: null }
    const body = {
      id: `completion-${calls}`,
      object: 'chat.completion',
      created: 0,
      model: asked.model,
      choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: 400, completion_tokens: 12, total_tokens: 412 },
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1`, calls: () => calls, close: () => server.close() }
}
