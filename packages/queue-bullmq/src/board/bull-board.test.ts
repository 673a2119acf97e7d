import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { memoryQueue } from '@wa-agent/core'
import { redisForTests, startRedis, type TestRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, bullmqQueue } from '../index.ts'
import { jobOf, until } from '../test-jobs.ts'
import { type BullBoard, bullBoard } from './index.ts'

const found = await redisForTests()
const redis = found as TestRedis
const queues: BullmqQueue[] = []
afterEach(async () => void (await Promise.all(queues.splice(0).map((queue) => queue.close()))))
afterAll(() => found?.[Symbol.asyncDispose]())

const text = 'What a customer wrote'
const host = 'https://shop.example'

function queueOf(): BullmqQueue {
  const queue = bullmqQueue({
    connection: redis.url,
    prefix: redis.prefix,
    name: randomUUID(),
    retry: { maxAttempts: 1 },
  })
  queues.push(queue)
  return queue
}

/** A queue with a job that waits and one that failed for good. */
async function filledQueue(): Promise<BullmqQueue> {
  const queue = queueOf()
  const consumer = queue.consume(async () => {
    throw new Error(text)
  })
  await queue.publish([jobOf('dead', { text })])
  await until(async () => (await queue.stats()).dead === 1)
  await consumer.stop()
  await queue.publish([jobOf('waiting', { text })])
  return queue
}

const get = (board: BullBoard, path: string) => board.fetch(new Request(`${host}${board.path}${path}`))
const send = (board: BullBoard, path: string, options: RequestInit = {}) =>
  board.fetch(new Request(`${host}${board.path}${path}`, { method: 'PUT', ...options }))

interface Listing {
  readonly queues: readonly {
    readonly counts: Readonly<Record<string, number>>
    readonly jobs: readonly { readonly id: string; readonly name: string; readonly data: unknown }[]
  }[]
}

const listing = async (board: BullBoard, name: string, status = 'latest') =>
  (await (await get(board, `/api/queues?activeQueue=${name}&status=${status}&page=1&jobsPerPage=10`)).json()) as Listing

describe.skipIf(found === undefined)('bullBoard', () => {
  test('is a page with its files, and needs no other host', async () => {
    const board = bullBoard(queueOf())
    expect(board.path).toBe('/queues')
    const page = await get(board, '')
    expect(page.status).toBe(200)
    expect((await get(board, '/')).status).toBe(200)
    expect((await get(board, '/queue/wa-agent')).status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.headers.get('cache-control')).toBe('no-store')
    const html = await page.text()
    expect(html).toContain('<base href="/queues/" />')
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    const files = [...html.matchAll(/(?:src|href)="(?<file>static\/[^"]+)"/g)].map(({ groups }) => groups?.['file'])
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) {
      const response = await get(board, `/${file}`)
      expect([file, response.status]).toEqual([file, 200])
      expect(Number((await response.arrayBuffer()).byteLength)).toBeGreaterThan(100)
    }
  })

  test('gives no file but its own', async () => {
    const board = bullBoard(queueOf())
    for (const path of [
      '/static/../../package.json',
      '/static/%2e%2e%2f%2e%2e%2fpackage.json',
      '/static/%',
      '/static/',
    ]) {
      expect((await get(board, path)).status).toBe(404)
    }
  })

  test.each(['latest', 'failed', 'prioritized'])(
    'shows whose jobs are, and nothing that is in them: %s',
    async (status) => {
      const queue = await filledQueue()
      const board = bullBoard(queue, { basePath: '/admin/queues' })
      const { queues: shown } = await listing(board, queue.broker.name, status)
      expect(shown[0]?.counts).toMatchObject({ failed: 1, prioritized: 1 })
      expect(shown[0]?.jobs.length).toBe(status === 'latest' ? 2 : 1)
      for (const { id, name, data } of shown[0]?.jobs ?? []) {
        expect(name).toBe('acme / main')
        expect(data).toMatchObject({ tenant: 'acme', channel: 'main', data: expect.stringContaining('hidden') })
        for (const path of ['', '/logs', '/flow']) {
          const answer = await (await get(board, `/api/queues/${queue.broker.name}/${id}${path}`)).text()
          expect(answer).not.toContain(text)
        }
      }
      expect(JSON.stringify(shown)).not.toContain(text)
    },
  )

  test('shows what is in jobs where it is told to', async () => {
    const queue = await filledQueue()
    const { queues: shown } = await listing(bullBoard(queue, { showData: true }), queue.broker.name, 'failed')
    expect(shown[0]?.jobs[0]?.data).toEqual(jobOf('dead', { text }))
  })

  test('retries and removes jobs, and pauses the queue', async () => {
    const queue = await filledQueue()
    const board = bullBoard(queue)
    const path = `/api/queues/${queue.broker.name}`
    const [dead] = await queue.deadLetters.list()
    expect((await send(board, `${path}/pause`)).status).toBe(200)
    const seen: string[] = []
    queue.consume(async ({ id }) => void seen.push(id))
    expect((await send(board, `${path}/${dead?.id}/retry`)).status).toBe(204)
    expect(await queue.stats()).toMatchObject({ waiting: 2, dead: 0 })
    expect(seen).toEqual([])
    expect((await send(board, `${path}/resume`)).status).toBe(200)
    await until(() => seen.length === 2)
    expect(seen.toSorted()).toEqual(['dead', 'waiting'])
  })

  test('changes no data that it does not show, and takes nothing from other sites', async () => {
    const queue = await filledQueue()
    const board = bullBoard(queue)
    const path = `/api/queues/${queue.broker.name}`
    const [dead] = await queue.deadLetters.list()
    const body = JSON.stringify({ jobData: {} })
    expect((await send(board, `${path}/${dead?.id}/update-data`, { method: 'PATCH', body })).status).toBe(403)
    expect((await send(board, `${path}/add`, { method: 'POST', body })).status).toBe(403)
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await send(board, `${path}/${dead?.id}/retry`, { headers })).status).toBe(403)
    expect((await queue.deadLetters.list())[0]?.job).toEqual(jobOf('dead', { text }))
  })

  test('changes nothing where it is read-only', async () => {
    const queue = await filledQueue()
    const [dead] = await queue.deadLetters.list()
    const board = bullBoard(queue, { readOnly: true })
    const response = await send(board, `/api/queues/${queue.broker.name}/${dead?.id}/retry`)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(await queue.stats()).toMatchObject({ waiting: 1, dead: 1 })
  })

  test('says that Redis is away, and shows the queue again when it is back', async () => {
    await using own = await startRedis()
    if (!own) throw new Error('There is a Redis, but no redis-server.')
    const queue = bullmqQueue({ connection: own.url, name: 'away', timeoutMs: 1000 })
    queues.push(queue)
    const board = bullBoard(queue)
    expect((await listing(board, 'away')).queues).toHaveLength(1)
    await own.kill()
    const answer = await get(board, '/api/queues')
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(await answer.json()).toMatchObject({
      type: 'urn:wa-agent:problem:unavailable',
      status: 503,
      detail: expect.stringMatching(/^Redis (is away|closed the connection|did not answer)/),
    })
    await own.start()
    await until(async () => (await get(board, '/api/queues')).status === 200)
  })

  test('says what to install where its packages are missing, and not before it is asked for', async () => {
    const code = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(specifier, context, next) {
          if (!specifier.startsWith('@bull-board/')) return next(specifier, context)
          throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
        },
      })
      const { bullBoard } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
      const board = bullBoard({ broker: { addBulk() {} } })
      await board.fetch(new Request('http://localhost/queues')).catch((error) => console.log(error.code, error.message))`
    const args = ['--conditions=@wa-agent/source', '--input-type=module', '--eval', code]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toMatch(/^invalid_options .*npm install @bull-board\/api @bull-board\/hono hono\n$/)
  })

  test('refuses what it cannot be made of', () => {
    expect(() => bullBoard(memoryQueue() as BullmqQueue)).toThrow('a queue from bullmqQueue()')
    expect(() => bullBoard(queueOf(), { basePath: 'queues' })).toThrow('a path like /queues')
  })
})
