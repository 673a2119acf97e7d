import { createIngest, type Logger, memoryQueue, memoryStorage, type Queue, WaAgentError } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { fleetWorld } from './fleet-world.ts'
import { withParts } from './with-parts.ts'

const refused = (code: 'storage_unavailable' | 'queue_unavailable') =>
  new WaAgentError(code, 'It takes nothing in.', { retryable: true })

function into(lines: string[]): Logger {
  const keep = (fields: object, line: string) => void lines.push(`${line} ${JSON.stringify(fields)}`)
  return { debug: () => undefined, info: keep, warn: keep, error: keep }
}

/** An ingest whose storage and queue answer, and take something in only while `state` says so. */
async function ingestOn() {
  const clock = virtualClock()
  const disk = memoryStorage({ clock })
  const broker = memoryQueue({ clock })
  const state = { takes: true, pending: 0, most: 0, hangs: false }
  const lines: string[] = []
  const set: (typeof disk)['records']['set'] = async (...record) => {
    state.pending += 1
    state.most = Math.max(state.most, state.pending)
    while (state.hangs) await new Promise<void>((resolve) => clock.after(1000, resolve))
    state.pending -= 1
    if (!state.takes) throw refused('storage_unavailable')
    await disk.records.set(...record)
  }
  const ping: Queue['ping'] = async () => {
    if (!state.takes) throw refused('queue_unavailable')
  }
  const ingest = createIngest({
    transports: [simulatedWhatsApp({ clock, catchUp: false }).transport],
    storage: withParts(disk, (name) =>
      name === 'records' ? withParts(disk.records, (it) => (it === 'set' ? set : undefined)) : undefined,
    ),
    queue: withParts(broker, (name) => (name === 'ping' ? ping : undefined)),
    clock,
    logger: into(lines),
  })
  await clock.finish(ingest.start())
  const ask = () => ingest.health({ timeoutMs: 2000 })
  return { clock, state, lines, ask, look: () => clock.finish(ask()) }
}

test('what answers and takes nothing in is away, which is said once', async () => {
  const { look, state, lines } = await ingestOn()
  expect(await look()).toEqual({ queue: 'ok', storage: 'ok' })
  state.takes = false
  expect(await look()).toEqual({ queue: 'away', storage: 'away' })
  expect(await look()).toEqual({ queue: 'away', storage: 'away' })
  state.takes = true
  expect(await look()).toEqual({ queue: 'ok', storage: 'ok' })
  expect(lines.sort()).toEqual([
    'the queue takes everything in again {}',
    'the queue takes nothing in {"error":"queue_unavailable: It takes nothing in."}',
    'the storage takes everything in again {}',
    'the storage takes nothing in {"error":"storage_unavailable: It takes nothing in."}',
  ])
})

test('a storage that hangs is asked once, however many want to know', async () => {
  const { ask, look, state, clock } = await ingestOn()
  state.hangs = true
  expect(await clock.finish(Promise.all([ask(), ask(), ask()]))).toEqual(
    Array(3).fill({ queue: 'ok', storage: 'away' }),
  )
  expect(await look()).toMatchObject({ storage: 'away' })
  expect(state.most).toBe(1)
  state.hangs = false
  await clock.advance(1000)
  expect(await look()).toMatchObject({ storage: 'ok' })
})

test('to ask leaves the workers undisturbed', async () => {
  await using world = await fleetWorld()
  const workers = [(await world.worker()).worker, (await world.worker()).worker]
  await world.clock.advance(2000)
  for (const worker of workers) expect(await worker.health()).toEqual({ queue: 'ok', storage: 'ok' })
  await world.clock.advance(30_000)
  expect(workers.map(({ fleetSize, isPaused }) => [fleetSize, isPaused])).toEqual([
    [2, false],
    [2, false],
  ])
})
