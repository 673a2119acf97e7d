import { type DeliveryUpdate, memoryQueue, type Transport, WaAgentError } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { keptOpen } from '../engine/kept-open.ts'
import { fleetWorld } from './fleet-world.ts'

const texts = (messages: readonly { readonly message: { readonly type: string } }[]) =>
  messages.map(({ message }) => (message as { text?: string }).text)

describe('an ingest and workers', () => {
  test('answer through the queue what came in, once and in order', async () => {
    await using world = await fleetWorld()
    await world.worker()
    await world.worker()
    await world.ingest()
    for (let round = 1; round <= 3; round += 1) {
      for (const chat of ['ana', 'ben', 'cleo']) world.whatsapp.customer(chat).says(`message ${round}`)
      await world.clock.advance(1000)
    }
    for (const chat of ['ana', 'ben', 'cleo']) {
      expect(texts(world.whatsapp.customer(chat).received)).toEqual(
        [1, 2, 3].map((round) => `you said message ${round}`),
      )
    }
    expect(world.whatsapp.breaches).toEqual([])
  })

  test('answer what an ingest has put into the storage, with and without a queue', async () => {
    for (const withQueue of [true, false]) {
      await using world = await fleetWorld()
      await world.worker(withQueue ? {} : { queue: undefined as never })
      await world.ingest({ storage: keptOpen(world.disk), ...(withQueue ? {} : { queue: undefined as never }) })
      world.whatsapp.customer('ana').says('hello')
      await world.clock.advance(2000)
      expect(texts(world.whatsapp.customer('ana').received)).toEqual(['you said hello'])
    }
  })

  test('lose nothing that was acknowledged when the queue forgets everything, where the ingest has the storage', async () => {
    await using world = await fleetWorld()
    const forgetful = memoryQueue({ clock: world.clock })
    await world.ingest({ storage: keptOpen(world.disk), queue: forgetful })
    world.whatsapp.customer('ana').says('hello')
    await world.clock.settle()
    await forgetful.close()
    await world.worker({ queue: memoryQueue({ clock: world.clock }) })
    await world.clock.advance(2000)
    expect(texts(world.whatsapp.customer('ana').received)).toEqual(['you said hello'])
  })

  test('acknowledge nothing while the queue is away, and everything when it is back', async () => {
    await using world = await fleetWorld()
    await world.worker()
    let isAway = true
    const { queue } = world
    const shaky = {
      ...queue,
      publish: async (...given: Parameters<typeof queue.publish>) => {
        if (isAway) throw new WaAgentError('queue_unavailable', 'away', { retryable: true })
        return queue.publish(...given)
      },
    }
    await world.ingest({ queue: shaky as typeof queue })
    world.whatsapp.customer('ana').says('hello')
    await world.clock.advance(30_000)
    expect(world.whatsapp.customer('ana').received).toEqual([])
    isAway = false
    await world.clock.advance(120_000)
    expect(texts(world.whatsapp.customer('ana').received)).toEqual(['you said hello'])
  })

  test('give up on a broker that hangs, so that the provider delivers again', async () => {
    await using world = await fleetWorld()
    const hanging = { ...world.queue, publish: () => new Promise<never>(() => undefined) }
    let host: Parameters<Transport['start']>[0] | undefined
    await world.ingest(
      { queue: hanging as typeof world.queue, publishTimeoutMs: 700 },
      {
        start: async (given) => {
          host = given
        },
        stop: async () => undefined,
      },
    )
    const receiving = host?.receive([
      { id: 'm1', chat: 'ana', from: { id: 'ana' }, type: 'text', text: 'x', sentAtMs: 1 },
    ])
    await expect(world.clock.finish(receiving ?? Promise.resolve())).rejects.toMatchObject({
      code: 'queue_unavailable',
      retryable: true,
    })
  })

  test('find the reply that a provider tells about before its sending is recorded', async () => {
    await using world = await fleetWorld()
    let host: Parameters<Transport['start']>[0] | undefined
    await world.ingest(
      {},
      {
        start: async (given) => {
          host = given
        },
        stop: async () => undefined,
      },
    )
    const { worker } = await world.worker()
    const delivered: unknown[] = []
    worker.on('reply-delivered', ({ replyId }) => delivered.push(replyId))
    const update: DeliveryUpdate = { replyId: 'early', status: 'delivered', atMs: world.clock.now() }
    await host?.track([update])
    await world.clock.settle()
    expect(delivered).toEqual([])
    await worker.send(
      { tenant: 'default', channel: 'default', chat: 'ana' },
      { type: 'text', text: 'hi' },
      { id: 'early' },
    )
    await world.clock.advance(5000)
    expect(delivered).toEqual(['early'])
  })

  test('stop sending while the provider says that the phone is away, whichever worker hears of it', async () => {
    await using world = await fleetWorld()
    let host: Parameters<Transport['start']>[0] | undefined
    await world.ingest(
      {},
      {
        start: async (given) => {
          host = given
          given.connection('connected')
        },
        stop: async () => undefined,
      },
    )
    const workers = [await world.worker(), await world.worker(), await world.worker()]
    host?.connection('disconnected', 'the phone is off')
    await world.clock.advance(6000)
    for (const [index, { worker }] of workers.entries())
      await worker.send({ tenant: 'default', channel: 'default', chat: `c${index}` }, { type: 'text', text: 'hi' })
    await world.clock.advance(60_000)
    expect(world.whatsapp.sent).toEqual([])
    host?.connection('connected')
    await world.clock.advance(6000)
    expect(world.whatsapp.sent).toHaveLength(3)
  })
})

describe('workers', () => {
  test('take over what another had in hand when it died, when its lease ends', async () => {
    await using world = await fleetWorld()
    const slow = new Promise<never>(() => undefined)
    const dying = await world.worker({ pipeline: { historyLimit: 0, run: () => slow } as never, leaseMs: 30_000 })
    await world.ingest()
    world.whatsapp.customer('ana').says('hello')
    await world.clock.settle()
    dying.crash()
    await world.worker()
    await world.clock.advance(29_000)
    expect(world.whatsapp.sent).toEqual([])
    await world.clock.advance(3000)
    expect(texts(world.whatsapp.sent)).toEqual(['you said hello'])
  })

  test('give back at once what they had claimed when they stop', async () => {
    await using world = await fleetWorld()
    const first = await world.worker()
    await world.ingest()
    await world.worker()
    world.whatsapp.customer('ana').says('hello')
    await first.stop()
    await world.clock.advance(2000)
    expect(texts(world.whatsapp.sent)).toEqual(['you said hello'])
  })

  test('all pause and go on by one command, and keep what comes in meanwhile', async () => {
    await using world = await fleetWorld()
    const [one, two] = [await world.worker(), await world.worker()]
    await world.ingest()
    await one.worker.pauseAll()
    await world.clock.advance(1500)
    expect([one.worker.isPaused, two.worker.isPaused]).toEqual([true, true])
    world.whatsapp.customer('ana').says('hello')
    await world.clock.advance(60_000)
    expect(world.whatsapp.sent).toEqual([])
    expect((await one.worker.stats()).pendingMessages).toBe(1)
    // One that starts meanwhile pauses too.
    const three = await world.worker()
    expect(three.worker.isPaused).toBe(true)
    await two.worker.resumeAll()
    await world.clock.advance(1500)
    expect(texts(world.whatsapp.sent)).toEqual(['you said hello'])
    expect(three.worker.isPaused).toBe(false)
  })

  test('share the limits of a channel', async () => {
    await using world = await fleetWorld()
    const limits = { messagesPerSecond: 12 }
    for (let count = 0; count < 4; count += 1) await world.worker({ limits })
    await world.ingest()
    await world.clock.advance(2000)
    for (let chat = 0; chat < 60; chat += 1) world.whatsapp.customer(`c${chat}`).says('hello')
    await world.clock.advance(30_000)
    const times = world.whatsapp.sent.map(({ atMs }) => atMs)
    expect(times).toHaveLength(60)
    for (const from of times)
      expect(times.filter((atMs) => atMs >= from && atMs < from + 1000).length).toBeLessThanOrEqual(12)
  })

  test('send together as many cold messages a day as one would', async () => {
    await using world = await fleetWorld()
    const limits = { cold: { perDay: 7 } }
    const workers = [await world.worker({ limits }), await world.worker({ limits }), await world.worker({ limits })]
    await world.clock.advance(2000)
    for (let chat = 0; chat < 30; chat += 1) {
      const { worker } = workers[chat % 3] as (typeof workers)[number]
      await worker.send({ tenant: 'default', channel: 'default', chat: `c${chat}` }, { type: 'text', text: 'offer' })
    }
    await world.clock.advance(3_600_000)
    expect(world.whatsapp.sent.length).toBeLessThanOrEqual(7)
    expect(world.whatsapp.sent.length).toBeGreaterThanOrEqual(5)
  })

  test('have places of their own, and a new one takes that of one that died', async () => {
    await using world = await fleetWorld()
    const places = async () => {
      const all = await world.disk.records.list({ tenant: 'wa-agent', channel: 'fleet' }, 'worker.')
      return [...all].map(([name, json]) => [name, JSON.parse(json).id]).toSorted()
    }
    const [first] = [await world.worker(), await world.worker()]
    const before = await places()
    expect(before.map(([name]) => name)).toEqual(['worker.0', 'worker.1'])
    first?.crash()
    await world.clock.advance(60_000)
    await world.worker()
    const after = await places()
    expect(after.map(([name]) => name)).toEqual(['worker.0', 'worker.1'])
    expect(after[0]).not.toEqual(before[0])
    expect(after[1]).toEqual(before[1])
  })
})
