// Plays the desktop agents of many businesses, each from an address of its own, as they are in the world.
import { Agent, request } from 'node:http'

/** One business and its desktop. */
export interface Desktop {
  readonly tenant: string
  readonly apiKey: string
  readonly agent: Agent
}

/** Makes a business with `POST /api/admin/tenants`; `index` tells its address apart. */
export async function createDesktop(port: number, adminKey: string, index: number): Promise<Desktop> {
  const agent = new Agent({ keepAlive: true, localAddress: `127.0.1.${index + 1}` })
  const tenant = `shop-${index}`
  const { apiKey } = await post<{ apiKey: string }>({ port, agent, key: adminKey }, '/api/admin/tenants', {
    id: tenant,
    name: `Shop ${index}`,
  })
  return { tenant, apiKey, agent }
}

/** Sends one customer's message as the original's clients do; resolves with the reply. */
export async function ask(
  port: number,
  desktop: Desktop,
  question: { from: string; message: string },
): Promise<string> {
  const { tenant, apiKey, agent } = desktop
  const body = { tenantId: tenant, ...question, timestamp: Date.now() }
  const { reply } = await post<{ reply: string }>({ port, agent, key: apiKey }, messagePath, body)
  return reply
}

const messagePath = '/api/desktop-agent/process-message'

interface Target {
  readonly port: number
  readonly agent: Agent
  readonly key: string
}

function post<Answer>({ port, agent, key }: Target, path: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-api-key': key }
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, agent, headers, host: '127.0.0.1', method: 'POST' }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString('utf8')
      if (response.statusCode === 200 || response.statusCode === 201) resolve(JSON.parse(text) as Answer)
      else reject(new Error(`Expected an answer of ${path}, got ${response.statusCode}: ${text.slice(0, 300)}`))
    })
    sent.on('error', reject).end(JSON.stringify(body))
  })
}
