import { createBot, createPipeline, defineAgent, memoryStorage, type Storage, WaAgentError } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { describe, expect, it } from 'vitest'
import { echo, startWorld } from './world.ts'

type Members = Readonly<Record<string, unknown>>

/** `storage` with some members replaced. */
function withMembers(storage: Storage, members: (name: string, call: () => unknown) => unknown): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const value = (target as unknown as Members)[String(name)]
      if (typeof value !== 'function') return value
      return (...parameters: unknown[]) => members(String(name), () => Reflect.apply(value, target, parameters))
    },
  })
}

/** A storage that survives `close`, as a disk does, for bots that come one after the other. */
function disk(storage: Storage = memoryStorage()): Storage {
  return withMembers(storage, (name, call) => (name === 'close' ? Promise.resolve() : call()))
}

/** Makes calls of the named members reject for as long as `away` is set. */
function faulty(storage: Storage, names: readonly (keyof Storage)[]) {
  const state = { away: false, refused: 0 }
  const wrapped = withMembers(storage, (name, call) => {
    if (!state.away || !names.includes(name as keyof Storage)) return call()
    state.refused += 1
    return Promise.reject(new WaAgentError('storage_unavailable', 'The test has taken it away.', { retryable: true }))
  })
  return { storage: wrapped, state }
}

describe('stopping and starting', () => {
  it('finishes what is in work and begins nothing new', async () => {
    const gate = Promise.withResolvers<void>()
    const slow = defineAgent({
      name: 'slow',
      description: 'Waits.',
      async respond({ text, reply }) {
        await gate.promise
        reply.text(`done ${text}`)
      },
    })
    const storage = disk()
    const world = await startWorld({ agents: [slow], storage, bot: { concurrency: 1 } })
    const anna = world.whatsapp.customer('anna')
    const bert = world.whatsapp.customer('bert')
    anna.says('1')
    await world.settle()
    bert.says('2')
    await world.settle()
    const stopped = world.stop()
    gate.resolve()
    await stopped
    expect(anna.texts).toEqual(['done 1'])
    expect(bert.texts).toEqual([])

    const clock = virtualClock({ startMs: world.clock.now() })
    const again = simulatedWhatsApp({ clock })
    const next = createBot({
      transports: [again.transport],
      storage,
      pipeline: createPipeline({ agents: [echo], fallback: echo }),
      clock,
    })
    await next.start()
    await clock.advance(0)
    expect(again.customer('bert').texts).toEqual(['you said 2'])
    await next.stop()
  })

  it('cuts off what takes too long to finish, and answers it at the next start', async () => {
    const never = defineAgent({
      name: 'never',
      description: 'Never ends.',
      respond: () => new Promise<void>(() => undefined),
    })
    const storage = disk()
    const world = await startWorld({ agents: [never], storage, bot: { stopTimeoutMs: 5000 } })
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    await world.stop()
    expect(world.clock.timers).toBe(0)

    const later = await startWorld({ storage, clock: virtualClock({ startMs: world.clock.now() }) })
    await later.clock.advance(0)
    expect(later.whatsapp.customer('anna').texts).toEqual(['you said hello'])
    await later.stop()
  })

  it('says what to do when it is used before it runs, or started twice', async () => {
    const bot = createBot({ transports: [], storage: memoryStorage(), pipeline: createPipeline({ agents: [echo] }) })
    await expect(bot.receive([])).rejects.toMatchObject({ code: 'invalid_options' })
    await expect(bot.send({ tenant: 't', channel: 'c', chat: 'x' }, { type: 'text', text: 'x' })).rejects.toMatchObject(
      {
        code: 'not_running',
      },
    )
    await bot.start()
    await expect(bot.start()).rejects.toThrow(/running already/)
    await bot.stop()
  })

  it('stops what it started when a transport cannot start', async () => {
    const clock = virtualClock()
    const { transport } = simulatedWhatsApp({ clock })
    const broken = {
      ...simulatedWhatsApp({ clock, channel: 'second' }).transport,
      start: () => Promise.reject(new Error('no network')),
    }
    const bot = createBot({
      transports: [transport, broken],
      storage: memoryStorage(),
      pipeline: createPipeline({ agents: [echo] }),
      clock,
    })
    await expect(bot.start()).rejects.toThrow('no network')
    expect(clock.timers).toBe(0)
  })

  it.each([
    [{ concurrency: 0 }, /`concurrency`.*above 0.*got 0/],
    [{ leaseMs: 1.5 }, /`leaseMs`/],
    [{ coalesce: { settleMs: -1 } }, /coalesce\.settleMs/],
    [{ retry: { maxAttempts: 0 } }, /retry\.maxAttempts/],
    [{ uncertain: 'maybe' as 'hold' }, /"hold" or "resend"/],
    [{ storage: undefined as unknown as Storage }, /`storage`.*memoryStorage/],
  ])('refuses %j with what was expected and what came', (wrong, message) => {
    const right = { transports: [], storage: memoryStorage(), pipeline: createPipeline({ agents: [echo] }) }
    expect(() => createBot({ ...right, ...wrong })).toThrow(message)
  })
})

describe('a connection that was lost', () => {
  it('asks for what arrived meanwhile, and answers each once', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    anna.says('one')
    await world.settle()
    world.whatsapp.disconnect()
    anna.says('two')
    anna.says('three')
    await world.settle()
    expect(anna.texts).toEqual(['you said one'])
    world.whatsapp.reconnect()
    await world.clock.advance(2000)
    expect(anna.texts.join('; ')).toContain('three')
    expect(anna.texts.filter((text) => text.includes('one'))).toHaveLength(1)
  })
})

describe('a catch-up that fails', () => {
  it('is tried again until it is answered', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.disconnect()
    anna.says('hello')
    world.whatsapp.faults.catchUp(2)
    world.whatsapp.reconnect()
    await world.clock.advance(1999)
    expect(anna.texts).toEqual([])
    await world.clock.advance(4001)
    expect(anna.texts).toEqual(['you said hello'])
    expect(world.named('error')).toHaveLength(2)
  })
})

describe('a storage that is away for a while', () => {
  it('acknowledges nothing that is not durable: the provider delivers again', async () => {
    const { storage, state } = faulty(memoryStorage(), ['append'])
    await using world = await startWorld({ storage })
    const anna = world.whatsapp.customer('anna')
    state.away = true
    anna.says('hello')
    await world.clock.advance(500)
    expect(world.whatsapp.arrivals.unacknowledged).toHaveLength(1)
    state.away = false
    await world.clock.advance(10_000)
    expect(anna.texts).toEqual(['you said hello'])
  })

  it('does not ask the agent again when only the commit failed', async () => {
    let asked = 0
    const counting = defineAgent({
      name: 'counting',
      description: 'Counts.',
      respond({ reply }) {
        asked += 1
        state.away = asked === 1
        reply.text(`answer ${asked}`)
      },
    })
    const { storage, state } = faulty(memoryStorage(), ['commit'])
    await using world = await startWorld({ storage, agents: [counting] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.clock.advance(1000)
    expect(state.refused).toBeGreaterThan(1)
    state.away = false
    await world.clock.advance(10_000)
    expect(anna.texts).toEqual(['answer 1'])
  })

  it('records a send as soon as it can, and never repeats it', async () => {
    const { storage, state } = faulty(memoryStorage(), ['settle'])
    await using world = await startWorld({ storage })
    const anna = world.whatsapp.customer('anna')
    state.away = true
    anna.says('hello')
    await world.clock.advance(20_000)
    state.away = false
    await world.clock.advance(20_000)
    anna.says('again')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello', 'you said again'])
  })

  it('finds conversations by its sweep when claiming failed', async () => {
    const { storage, state } = faulty(memoryStorage(), ['claim'])
    await using world = await startWorld({ storage })
    const anna = world.whatsapp.customer('anna')
    state.away = true
    anna.says('hello')
    await world.clock.advance(3000)
    expect(anna.texts).toEqual([])
    state.away = false
    await world.clock.advance(2000)
    expect(anna.texts).toEqual(['you said hello'])
  })
})

describe('leases', () => {
  function twoBots(options: { firstIsSlow: boolean }) {
    const clock = virtualClock()
    const storage = disk()
    const whatsapp = simulatedWhatsApp({ clock })
    const gate = Promise.withResolvers<void>()
    const slow = defineAgent({
      name: 'slow',
      description: 'Waits.',
      async respond({ reply }) {
        await gate.promise
        reply.text('from the first')
      },
    })
    const quick = defineAgent({
      name: 'quick',
      description: 'Answers.',
      respond: ({ reply }) => reply.text('from the second'),
    })
    const lost: unknown[] = []
    // The first process hangs: its leases are not prolonged.
    const renewing = withMembers(storage, (name, call) =>
      name === 'renew' && options.firstIsSlow ? new Promise(() => undefined) : call(),
    )
    const first = createBot({
      transports: [whatsapp.transport],
      storage: renewing,
      pipeline: createPipeline({ agents: [slow], fallback: slow }),
      clock,
    })
    const second = createBot({
      transports: [whatsapp.anotherTransport()],
      storage,
      pipeline: createPipeline({ agents: [quick], fallback: quick }),
      clock,
    })
    first.on('lease-lost', (event) => lost.push(event))
    return { clock, whatsapp, gate, first, second, lost }
  }

  it('lets another worker take over when a lease expires, and drops what the first one comes back with', async () => {
    const { clock, whatsapp, gate, first, second, lost } = twoBots({ firstIsSlow: true })
    await first.start()
    const anna = whatsapp.customer('anna')
    anna.says('hello')
    await clock.settle()
    await second.start()
    await clock.advance(59_000)
    expect(anna.texts).toEqual([])
    await clock.advance(3000)
    expect(anna.texts).toEqual(['from the second'])
    gate.resolve()
    await clock.advance(1000)
    expect(anna.texts).toEqual(['from the second'])
    expect(lost).toHaveLength(1)
    await clock.finish(first.stop())
    await clock.finish(second.stop())
  })

  it('is prolonged as long as its work lasts', async () => {
    const { clock, whatsapp, gate, first, second } = twoBots({ firstIsSlow: false })
    await first.start()
    const anna = whatsapp.customer('anna')
    anna.says('hello')
    await clock.settle()
    await second.start()
    await clock.advance(25_000)
    gate.resolve()
    await clock.advance(1000)
    expect(anna.texts).toEqual(['from the first'])
    await clock.finish(first.stop())
    await clock.finish(second.stop())
  })

  it.each([3_600_000, -3_600_000])('answers once when the clock jumps by %d ms', async (jumpMs) => {
    await using world = await startWorld({ bot: { coalesce: { settleMs: 100 } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('one')
    await world.settle()
    world.clock.jump(jumpMs)
    await world.clock.advance(2000)
    anna.says('two')
    await world.clock.advance(2000)
    expect(anna.texts.join('; ')).toContain('two')
    expect(anna.texts.join('; ').match(/one/g)).toHaveLength(1)
  })
})
