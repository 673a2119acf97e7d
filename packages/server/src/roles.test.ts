import {
  createIngest,
  createWorker,
  memoryQueue,
  memoryStorage,
  type Queue,
  type Storage,
  type Transport,
  WaAgentError,
} from '@wa-agent/core'
import { expect, test } from 'vitest'
import { chatTransport } from './chat-transport.ts'
import { createServer } from './create-server.ts'
import type { ServerOptions } from './options.ts'
import { staticKeys } from './static-keys.ts'
import { adminKey, bodyWith, echoPipeline, pushTransport, request, webhook } from './test-world.ts'

const tenantKey = 't-5Gk2-9pWq-Xr3L'

const shut = { get: () => Promise.reject(new WaAgentError('storage_unavailable', 'away', { retryable: true })) }

/** A queue or a storage that can be away, or hang where it is asked how it is. */
function shaky<Part extends Queue | Storage>(part: Part): { readonly part: Part; isAway: boolean; hangs: boolean } {
  const state = {
    isAway: false,
    hangs: false,
    part: new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name === 'records' && state.isAway) return shut
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          if (state.hangs && name === 'stats') return new Promise(() => undefined)
          if (state.isAway && name !== 'close' && name !== 'consume')
            return Promise.reject(new WaAgentError('queue_unavailable', 'away', { retryable: true }))
          return Reflect.apply(value, target, given)
        }
      },
    }),
  }
  return state
}

async function openIngest() {
  const queue = shaky(memoryQueue())
  const ingest = createIngest({ transports: [pushTransport()], queue: queue.part })
  const server = createServer({ ingest, transports: ingest.transports, adminKey: false })
  await ingest.start()
  return {
    queue,
    server,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await ingest.stop()
      await queue.part.close()
    },
  }
}

async function openWorker(options: Partial<ServerOptions> = {}) {
  const queue = shaky(memoryQueue())
  const storage = shaky(memoryStorage())
  const transports = [pushTransport(), chatTransport()]
  const worker = createWorker({ transports, queue: queue.part, storage: storage.part, pipeline: echoPipeline() })
  const keys = staticKeys([{ id: 'shop', key: tenantKey, scope: { type: 'tenant', tenant: 'default' } }])
  const server = createServer({ bot: worker, transports, adminKey, keys, ...options })
  await worker.start()
  return {
    queue,
    storage,
    server,
    worker,
    async [Symbol.asyncDispose]() {
      queue.isAway = false
      storage.isAway = false
      await server.stop()
      await worker.stop()
      await queue.part.close()
    },
  }
}

test('an ingest acknowledges what the queue has, and asks for what it has not once more', async () => {
  await using world = await openIngest()
  const ready = async () => (await world.server.fetch(request('/ready'))).status
  expect((await world.server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))).status).toBe(200)
  expect((await world.queue.part.stats()).waiting).toBe(1)
  expect(await ready()).toBe(200)
  world.queue.isAway = true
  expect((await world.server.fetch(webhook('/webhooks/push/main', bodyWith('again')))).status).toBe(503)
  await expect.poll(ready).toBe(503)
  expect((await world.server.fetch(request('/health'))).status).toBe(200)
  world.queue.isAway = false
  await expect.poll(ready).toBe(200)
  expect((await world.queue.part.stats()).waiting).toBe(1)
})

test('an ingest that stores needs its queue only to ring', async () => {
  const queue = shaky(memoryQueue())
  const storage = shaky(memoryStorage())
  const ingest = createIngest({ transports: [pushTransport()], queue: queue.part, storage: storage.part })
  const server = createServer({ ingest, transports: ingest.transports, adminKey: false })
  await ingest.start()
  const ready = async () => {
    const response = await server.fetch(request('/ready'))
    return { status: response.status, reasons: ((await response.json()) as { reasons: readonly string[] }).reasons }
  }
  expect(await ready()).toEqual({ status: 200, reasons: [] })
  queue.isAway = true
  expect((await server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))).status).toBe(200)
  await expect.poll(ready).toEqual({ status: 200, reasons: ['the queue cannot be used'] })
  storage.isAway = true
  await expect.poll(async () => (await ready()).status).toBe(503)
  storage.isAway = false
  queue.isAway = false
  await server.stop()
  await ingest.stop()
  await queue.part.close()
})

test('an ingest stays ready while its channel is not connected: a webhook will tell when it is again', async () => {
  const queue = memoryQueue()
  let host: Parameters<Transport['start']>[0] | undefined
  const transport: Transport = {
    ...pushTransport(),
    start: async (given) => {
      host = given
    },
  }
  const ingest = createIngest({ transports: [transport], queue })
  const server = createServer({ ingest, transports: ingest.transports, adminKey: false })
  await ingest.start()
  host?.connection('disconnected', 'the phone is off')
  expect((await server.fetch(request('/ready'))).status).toBe(200)
  await server.stop()
  await ingest.stop()
  await queue.close()
})

test('an ingest verifies, and serves nothing but webhooks and probes', async () => {
  await using world = await openIngest()
  const forged = webhook('/webhooks/push/main', bodyWith('hello'), { 'x-signature': 'sha256=00' })
  expect((await world.server.fetch(forged)).status).toBe(401)
  expect((await world.queue.part.stats()).waiting).toBe(0)
  for (const path of ['/chat', '/api/dead-letters', '/api/workers'])
    expect((await world.server.fetch(request(path, { key: adminKey }))).status).toBe(404)
})

test('a worker is ready while its queue and its storage are there', async () => {
  await using world = await openWorker()
  const reasons = async () =>
    ((await (await world.server.fetch(request('/ready'))).json()) as { reasons: readonly string[] }).reasons
  expect(await reasons()).toEqual([])
  world.queue.isAway = true
  await expect.poll(reasons).toEqual(['the queue cannot be used'])
  world.queue.isAway = false
  world.storage.isAway = true
  await expect.poll(reasons).toEqual(['the storage cannot be used'])
})

test('an admin pauses all workers and lets them go on; a tenant cannot', async () => {
  await using world = await openWorker()
  const command = (action: string, key = adminKey) =>
    world.server.fetch(request('/api/workers', { method: 'POST', key, json: { action } }))
  expect((await command('PAUSE_WORKERS', tenantKey)).status).toBe(403)
  expect(world.worker.isPaused).toBe(false)
  expect(await (await command('PAUSE_WORKERS')).json()).toEqual({ paused: true })
  expect(world.worker.isPaused).toBe(true)
  const shown = await (await world.server.fetch(request('/api/workers', { key: adminKey }))).json()
  expect(shown).toMatchObject({ paused: true, workers: 1, mail: { pendingMessages: 0 }, queue: { waiting: 0 } })
  expect((await command('DANCE')).status).toBe(400)
  expect(await (await command('RESUME_WORKERS')).json()).toEqual({ paused: false })
})

test('an admin sees how the workers are while their queue is away or hangs', async () => {
  await using world = await openWorker({ readyTimeoutMs: 100 })
  const shown = async () => {
    const response = await world.server.fetch(request('/api/workers', { key: adminKey }))
    return { status: response.status, ...((await response.json()) as object) }
  }
  const rest = { status: 200, paused: false, workers: 1, mail: { pendingMessages: 0 } }
  world.queue.isAway = true
  expect(await shown()).toMatchObject({ ...rest, queue: 'away' })
  world.queue.isAway = false
  world.queue.hangs = true
  expect(await shown()).toMatchObject({ ...rest, queue: 'away' })
  world.queue.hangs = false
  expect(await shown()).toMatchObject({ ...rest, queue: { waiting: 0 } })
})

test('an admin looks after what failed in the queue', async () => {
  await using world = await openWorker()
  const { queue } = world
  const foreign = { id: 'x', tenant: 'default', channel: 'main', data: { type: 'nonsense' } }
  const impatient = memoryQueue({ retry: { maxAttempts: 1 } })
  await using dead = await openWorkerOn(impatient)
  await impatient.publish([foreign])
  const list = async () => {
    const response = await dead.server.fetch(request('/api/queue/dead-letters', { key: adminKey }))
    return ((await response.json()) as { deadLetters: { id: string; reason: string }[] }).deadLetters
  }
  await expect.poll(async () => (await list()).length).toBe(1)
  const [letter] = await list()
  const path = `/api/queue/dead-letters/${letter?.id}`
  expect((await dead.server.fetch(request(path, { method: 'DELETE', key: tenantKey }))).status).toBe(403)
  expect((await dead.server.fetch(request(path, { method: 'DELETE', key: adminKey }))).status).toBe(204)
  expect(await list()).toEqual([])
  expect((await dead.server.fetch(request(`${path}/retry`, { method: 'POST', key: adminKey }))).status).toBe(404)
  expect((await queue.part.stats()).dead).toBe(0)
})

async function openWorkerOn(queue: Queue) {
  const transports = [pushTransport()]
  const worker = createWorker({ transports, queue, storage: memoryStorage(), pipeline: echoPipeline() })
  const keys = staticKeys([{ id: 'shop', key: tenantKey, scope: { type: 'tenant', tenant: 'default' } }])
  const server = createServer({ bot: worker, transports, adminKey, keys })
  await worker.start()
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await worker.stop()
      await queue.close()
    },
  }
}

test('a board is shown to an admin, who gives the key as the password', async () => {
  const transports = [pushTransport()]
  const worker = createWorker({ transports, storage: memoryStorage(), pipeline: echoPipeline() })
  const keys = staticKeys([{ id: 'shop', key: tenantKey, scope: { type: 'tenant', tenant: 'default' } }])
  const board = { path: '/queues', fetch: (asked: Request) => new Response(`page ${new URL(asked.url).pathname}`) }
  const server = createServer({ bot: worker, transports, adminKey, keys, board })
  const ask = (path: string, password?: string) =>
    server.fetch(
      request(path, {
        headers: password === undefined ? {} : { authorization: `Basic ${btoa(`anybody:${password}`)}` },
      }),
    )
  expect((await ask('/queues')).headers.get('www-authenticate')).toContain('Basic')
  expect((await ask('/queues', tenantKey)).status).toBe(401)
  expect((await ask('/queues/static/app.js', 'wrong')).status).toBe(401)
  const page = await ask('/queues', adminKey)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect(page.headers.get('x-frame-options')).toBe('DENY')
  expect(await page.text()).toBe('page /queues')
  expect(await (await ask('/queues/static/app.js', adminKey)).text()).toBe('page /queues/static/app.js')
  expect((await server.fetch(request('/queues', { key: adminKey }))).status).toBe(200)
  expect(() => createServer({ bot: worker, transports, adminKey: false, board })).toThrow('adminKey')
})

test('a chat is answered also where another worker takes the turn', async () => {
  const storage = memoryStorage()
  const kept = new Proxy(storage, {
    get(target, name) {
      if (name === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const hanging = { historyLimit: 0, run: () => new Promise<never>(() => undefined) }
  const serving = createWorker({
    transports: [chatTransport()],
    storage: kept,
    pipeline: hanging,
    leaseMs: 300,
    stopTimeoutMs: 10,
  })
  // The first worker only takes the message in.
  const transports = [...serving.transports]
  const server = createServer({ bot: serving, transports, adminKey })
  await serving.start()
  await serving.pauseAll()
  const answering = server.fetch(
    request('/chat', { method: 'POST', key: adminKey, json: { message: 'hi', userId: 'u1' } }),
  )
  await expect.poll(async () => (await storage.stats()).pendingMessages).toBe(1)
  const other = createWorker({ transports: [chatTransport()], storage: kept, pipeline: echoPipeline() })
  await storage.records.set({ tenant: 'wa-agent', channel: 'fleet' }, 'paused', undefined)
  await other.start()
  expect(await (await answering).json()).toMatchObject({ reply: 'You said: hi', agent: null })
  await server.stop()
  await other.stop()
  await serving.stop()
})

test('a server has a bot or an ingest', () => {
  const ingest = createIngest({ transports: [], queue: memoryQueue() })
  expect(() => createServer({ transports: [], adminKey })).toThrow('`bot`')
  const bot = createWorker({ transports: [], storage: memoryStorage(), pipeline: echoPipeline() })
  expect(() => createServer({ bot, ingest, transports: [], adminKey })).toThrow('`ingest`')
})
