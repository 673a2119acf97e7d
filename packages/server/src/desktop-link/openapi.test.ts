import { memoryStorage } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { adminKey, openWorld, request } from '../test-world.ts'
import { desktopTransport } from './desktop-transport.ts'
import { openApiDocument } from './openapi.ts'
import { type Operation, operations } from './operations.ts'

type Json = Record<string, unknown>
const root = '/api/desktop-agent'

interface Described {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Json }> }
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: Json }> }>
}

async function openDesk() {
  const transports = [desktopTransport({ tenant: 'shop' })]
  const world = await openWorld({ transports, storage: memoryStorage() })
  const ask = (path: string, init: Parameters<typeof request>[1] = {}) =>
    world.server.fetch(request(path, { key: adminKey, ...init }))
  const served = (await (await ask(`${root}/openapi.json`)).json()) as {
    readonly paths: Record<string, Record<string, Described>>
    readonly components: { readonly schemas: Record<string, Json> }
  }
  return { ask, served, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

const message = { id: 'm1', chat: 'anna', from: { id: 'anna' }, type: 'text', text: 'hi', sentAtMs: Date.now() }
const about = { tenantId: 'shop' }

/** For each operation a request that fits the document. */
const examples: Record<
  keyof typeof operations,
  { readonly path?: string; readonly json?: object; readonly body?: string }
> = {
  processMessage: { json: { ...about, messages: [message], handoff: null } },
  register: { json: { ...about, phone: '+91', device: 'PC', version: '1', protocol: 1 } },
  heartbeat: { json: { ...about, whatsApp: 'connected', queueDepth: 1, battery: { percent: 50 } } },
  status: { path: `${root}/status/shop?channel=desktop` },
  stream: { path: `${root}/stream?tenantId=shop` },
  outbound: { path: `${root}/outbound?tenantId=shop&wait=0` },
  ack: { json: { ...about, ids: ['x'], failed: [{ id: 'y', reason: 'no' }] } },
  command: { json: { ...about, type: 'pause', reason: 'holiday' } },
  uploadMedia: { path: `${root}/media/x?tenantId=shop`, body: 'x' },
  describe: {},
}

/** What the schema of the document, its references followed, makes of a value. */
function accepts(schema: Json, schemas: Record<string, Json>, value: unknown): boolean {
  const whole = { ...schema, $defs: schemas }
  const inlined = JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/'))
  return z.fromJSONSchema(inlined).safeParse(value).success
}

test('the document has every route of the desktop link and no other', async () => {
  await using desk = await openDesk()
  const described = Object.entries(desk.served.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routed = Object.values<Operation>(operations).map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  )
  expect(described.length).toBeGreaterThan(9)
  expect(described.toSorted()).toEqual(routed.toSorted())
  expect(desk.served).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
})

for (const [id, { method, path }] of Object.entries<Operation>(operations)) {
  test(`${id}: what the server takes and answers is what the document says`, async () => {
    await using desk = await openDesk()
    const example = examples[id as keyof typeof operations]
    const operation = desk.served.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()] as Described
    const { schemas } = desk.served.components
    const asked = operation.requestBody?.content['application/json']?.schema
    if (asked) {
      expect(accepts(asked, schemas, example.json)).toBe(true)
      expect(accepts(asked, schemas, { nothing: true })).toBe(false)
    }
    const url = example.path ?? path
    const given = [...new URL(url, 'http://x').searchParams.keys()]
    const known = operation.parameters.filter((one) => one.in === 'query')
    expect(known.map(({ name }) => name)).toEqual(expect.arrayContaining(given))
    expect(given).toEqual(expect.arrayContaining(known.filter(({ required }) => required).map(({ name }) => name)))

    const { json, body } = example
    const response = await desk.ask(url, { method, ...(json ? { json } : {}), ...(body ? { body } : {}) })
    const answer = operation.responses[response.status]
    expect(answer).toBeDefined()
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    expect(Object.keys(answer?.content ?? {})).toEqual([type])
    if (type === 'text/event-stream') {
      await response.body?.cancel()
      return
    }
    const schema = answer?.content[type]?.schema ?? {}
    expect(accepts(schema, schemas, await response.json())).toBe(true)
    expect(accepts(schema, schemas, 'nothing')).toBe(false)
  })
}
