import {
  createPipeline,
  createWorker,
  memoryQueue,
  memoryStorage,
  type Queue,
  type Storage,
  type Transport,
  WaAgentError,
} from '@wa-agent/core'
import { simulatedWhatsApp, type VirtualClock, virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { keptOpen } from '../engine/kept-open.ts'
import { echo } from '../engine/world.ts'
import { type FleetWorld, fleetWorld, type WorkerProcess } from './fleet-world.ts'
import { withParts } from './with-parts.ts'

const fleet = { tenant: 'wa-agent', channel: 'fleet' }

async function workerOn({
  clock = virtualClock(),
  queue = memoryQueue({ clock }),
  transport = {},
}: {
  clock?: VirtualClock
  queue?: Queue
  transport?: Partial<Transport>
} = {}) {
  const disk = memoryStorage({ clock })
  await disk.open()
  const state = { isAway: false, isClosed: false }
  const away = () => Promise.reject(new WaAgentError('storage_unavailable', 'away', { retryable: true }))
  const setClosed = (isClosed: boolean) => async () => {
    state.isClosed = isClosed
  }
  const storage = withParts(disk, (name) => {
    if (name === 'open' || name === 'close') return setClosed(name === 'close')
    return name === 'records' && (state.isAway || state.isClosed) ? { list: away, replace: away } : undefined
  })
  const worker = createWorker({
    transports: [{ ...simulatedWhatsApp({ clock, catchUp: false }).transport, ...transport }],
    pipeline: createPipeline({ agents: [echo], fallback: echo, clock }),
    storage,
    queue,
    clock,
  })
  return { worker, clock, disk, state, queue }
}

const wrongBy = (clock: VirtualClock, ms: number) => ({ now: () => clock.now() + ms, after: clock.after.bind(clock) })

describe('a worker', () => {
  test('that is started twice refuses, and still hears what all are told', async () => {
    const { worker, clock, disk } = await workerOn()
    await clock.finish(worker.start())
    await expect(worker.start()).rejects.toMatchObject({ code: 'not_running' })
    expect((await disk.records.list(fleet, 'worker.')).size).toBe(1)
    await disk.records.set(fleet, 'paused', '1')
    await clock.advance(2000)
    expect(worker.isPaused).toBe(true)
    await clock.finish(worker.stop())
    expect((await disk.records.list(fleet, 'worker.')).size).toBe(0)
  })

  test('that cannot take a place lets go of the storage', async () => {
    const { worker, clock, state } = await workerOn()
    state.isAway = true
    await expect(clock.finish(worker.start())).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(state.isClosed).toBe(true)
    state.isAway = false
    await clock.finish(worker.start())
    await clock.finish(worker.stop())
  })

  test('whose transport does not start gives its place back', async () => {
    const start = () => Promise.reject(new WaAgentError('invalid_options', 'no such token'))
    const { worker, clock, disk, state } = await workerOn({ transport: { start } })
    await expect(clock.finish(worker.start())).rejects.toMatchObject({ code: 'invalid_options' })
    expect(state.isClosed).toBe(true)
    expect((await disk.records.list(fleet, 'worker.')).size).toBe(0)
  })

  test('that cannot take from the queue stops again and leaves nothing behind', async () => {
    const clock = virtualClock()
    const queue = memoryQueue({ clock })
    await queue.close()
    const { worker, disk, state } = await workerOn({ clock, queue })
    await expect(clock.finish(worker.start())).rejects.toMatchObject({ code: 'queue_closed' })
    expect(state.isClosed).toBe(true)
    expect((await disk.records.list(fleet, 'worker.')).size).toBe(0)
    await expect(worker.receive([])).rejects.toMatchObject({ code: 'not_running' })
  })
})

test('a job of a channel that no worker serves is a dead letter in the end, and taken in when one does', async () => {
  const clock = virtualClock()
  const queue = memoryQueue({ clock, retry: { maxAttempts: 3 } })
  const { worker, disk } = await workerOn({ clock, queue })
  await clock.finish(worker.start())
  const message = { id: 'm1', chat: 'ana', from: { id: 'ana' }, type: 'text', text: 'hello', sentAtMs: 1 }
  const data = { type: 'messages', messages: [message], receivedAtMs: clock.now() }
  await queue.publish([{ id: 'j1', tenant: 'default', channel: 'later', data, group: 'ana' }])
  await clock.advance(60_000)
  const [letter] = await queue.deadLetters.list()
  expect(letter).toMatchObject({ attempts: 3, reason: expect.stringContaining('not_found') })
  const served = simulatedWhatsApp({ clock, catchUp: false })
  await clock.finish(worker.addTransport({ ...served.transport, channel: 'later' }))
  await queue.deadLetters.retry(letter?.id ?? '')
  await clock.advance(5000)
  expect(served.sent).toHaveLength(1)
  expect((await disk.stats()).pendingMessages).toBe(0)
  await clock.finish(worker.stop())
  await queue.close()
})

test('what an ingest has stored needs no job: a bell that nobody hears loses nothing', async () => {
  await using world = await fleetWorld()
  await world.worker({}, { channel: 'another' })
  await world.ingest({ storage: keptOpen(world.disk) })
  world.whatsapp.customer('ana').says('hello')
  await world.clock.advance(600_000)
  const [letter] = await world.queue.deadLetters.list()
  expect(letter?.job.data).toMatchObject({ type: 'bell', chat: 'ana' })
  expect(world.whatsapp.sent).toEqual([])
  await world.worker()
  await world.clock.advance(60_000)
  expect(world.whatsapp.sent).toHaveLength(1)
})

describe('workers whose clocks differ', () => {
  test('know how many they are', async () => {
    await using world = await fleetWorld()
    const workers = [
      await world.worker(),
      await world.worker({ clock: wrongBy(world.clock, -40_000) }),
      await world.worker({ clock: wrongBy(world.clock, 40_000) }),
    ]
    await world.clock.advance(15_000)
    expect(workers.map(({ worker }) => worker.fleetSize)).toEqual([3, 3, 3])
  })

  test('notice that one has died whose clock was ahead', async () => {
    await using world = await fleetWorld()
    const { worker } = await world.worker()
    const ahead = await world.worker({ clock: wrongBy(world.clock, 3_600_000) })
    await world.clock.advance(2000)
    expect(worker.fleetSize).toBe(2)
    ahead.crash()
    await world.clock.advance(30_000)
    expect(worker.fleetSize).toBe(1)
  })
})

test('a worker that stands still for longer than its lease sends nothing when it goes on', async () => {
  await using world = await fleetWorld()
  const held: (() => void)[] = []
  let isStill = false
  const later = () => new Promise<void>((resolve) => (isStill ? held.push(resolve) : resolve()))
  const clock = {
    now: () => world.clock.now(),
    after: (ms: number, run: () => void) => world.clock.after(ms, () => (isStill ? held.push(run) : run())),
  }
  const commit: Storage['commit'] = async (...change) => {
    const flags = await world.disk.commit(...change)
    // It is frozen with what it is about to send, before it hears that this is recorded.
    isStill = true
    await later()
    return flags
  }
  const storage = withParts(world.disk, (name) =>
    name === 'commit' ? commit : name === 'close' ? async () => undefined : undefined,
  )
  await world.worker({ storage, clock, leaseMs: 30_000 })
  await world.ingest()
  world.whatsapp.customer('ana').says('hello')
  await world.clock.advance(1000)
  expect(world.whatsapp.sent).toEqual([])
  await world.worker()
  await world.clock.advance(90_000)
  expect(world.whatsapp.sent).toHaveLength(1)
  isStill = false
  for (const goOn of held) {
    goOn()
    await world.clock.settle()
  }
  await world.clock.advance(90_000)
  expect(world.whatsapp.sent).toHaveLength(1)
  expect((await world.disk.stats()).pendingReplies).toBe(0)
})

describe('the cold messages of a day', () => {
  const limits = { cold: { perDay: 8 } }
  const offer = async (world: FleetWorld, { worker }: WorkerProcess, first: number) => {
    for (let chat = first; chat < first + 8; chat += 1)
      await worker.send({ tenant: 'default', channel: 'default', chat: `c${chat}` }, { type: 'text', text: 'offer' })
    await world.clock.advance(60_000)
  }

  test('are no more where a worker leaves after it has sent its part', async () => {
    await using world = await fleetWorld()
    const [one, two] = [await world.worker({ limits }), await world.worker({ limits })]
    await world.clock.advance(2000)
    await offer(world, one, 0)
    await offer(world, two, 100)
    expect(world.whatsapp.sent).toHaveLength(8)
    await two.stop()
    await world.clock.advance(30_000)
    await offer(world, one, 200)
    expect(world.whatsapp.sent).toHaveLength(8)
  })

  test('are no more where a worker joins when all are sent', async () => {
    await using world = await fleetWorld()
    const one = await world.worker({ limits })
    await offer(world, one, 0)
    expect(world.whatsapp.sent).toHaveLength(8)
    const two = await world.worker({ limits })
    await offer(world, two, 100)
    expect(world.whatsapp.sent).toHaveLength(8)
  })
})

describe('an ingest', () => {
  async function hosted(queue?: ReturnType<typeof memoryQueue>) {
    const world = await fleetWorld()
    let host: Parameters<Transport['start']>[0] | undefined
    const transport: Partial<Transport> = {
      start: async (given) => {
        host = given
      },
      stop: async () => undefined,
    }
    await world.ingest(queue ? { queue, publishTimeoutMs: 1000 } : {}, transport)
    return { world, host: host as NonNullable<typeof host> }
  }

  test('tells in order how a channel is connected, whatever fails on the way', async () => {
    const { world, host } = await hosted()
    await using _ = world
    let failures = 1
    const records = {
      ...world.disk.records,
      set: async (...[channel, name, value]: Parameters<Storage['records']['set']>) => {
        if (name === 'default/default' && failures > 0) {
          failures -= 1
          throw new WaAgentError('storage_unavailable', 'away for a moment', { retryable: true })
        }
        await world.disk.records.set(channel, name, value)
      },
    }
    const storage = withParts(world.disk, (name) =>
      name === 'records' ? records : name === 'close' ? async () => undefined : undefined,
    )
    await world.worker({ storage })
    host.connection('disconnected', 'the phone is off')
    await world.clock.settle()
    host.connection('connected')
    await world.clock.advance(10_000)
    expect(failures).toBe(0)
    const told = await world.disk.records.get({ ...fleet, channel: 'connections' }, 'default/default')
    expect(JSON.parse(told ?? '{}')).toMatchObject({ state: 'connected' })
  })

  test('keeps nobody waiting behind a broker that hangs', async () => {
    const clock = virtualClock()
    const publish = () => new Promise<never>(() => undefined)
    const hanging = withParts(memoryQueue({ clock }), (name) => (name === 'publish' ? publish : undefined))
    const { world, host } = await hosted(hanging)
    await using _ = world
    const refused: unknown[] = []
    for (let number = 0; number < 1000; number += 1) {
      host
        .receive([{ id: `m${number}`, chat: 'ana', from: { id: 'ana' }, type: 'text', text: 'x', sentAtMs: 1 }])
        .catch((error: unknown) => refused.push(error))
    }
    await world.clock.advance(1100)
    expect(refused).toHaveLength(1000)
  })
})
