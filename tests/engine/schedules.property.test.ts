import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Bot,
  createBot,
  createPipeline,
  defineAgent,
  memoryStorage,
  type SendLimits,
  type Storage,
} from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { type SimulatedWhatsApp, simulatedWhatsApp, type VirtualClock, virtualClock } from '@wa-agent/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crashable } from './crashable.ts'

/** What may happen, in any order. */
type Step =
  | { readonly type: 'says'; readonly tenant: number; readonly chat: number; readonly poison: boolean }
  | { readonly type: 'again'; readonly which: number }
  | { readonly type: 'fault'; readonly tenant: number; readonly fault: Fault }
  | { readonly type: 'throws'; readonly times: number }
  | { readonly type: 'cut'; readonly tenant: number }
  | { readonly type: 'mend'; readonly tenant: number }
  | { readonly type: 'crash' }
  | { readonly type: 'wait'; readonly ms: number }
type Echo = 'none' | 'before' | 'after'
type Fault = 'timeout-after-acceptance' | 'timeout-before-acceptance' | 'rate-limited' | 'unavailable'

interface Circumstances {
  readonly echo: Echo
  readonly limits: SendLimits
}

const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  echo: fc.constantFrom<Echo>('none', 'before', 'after'),
  limits: fc.constantFrom<SendLimits>({}, { messagesPerSecond: 1 }, { perChat: { everyMs: 3000, burst: 2 } }),
})
const tenant = fc.integer({ min: 0, max: 1 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('says' as const),
        tenant,
        chat: fc.integer({ min: 0, max: 2 }),
        poison: fc.boolean().map((x) => x),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('again' as const), which: fc.nat(50) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('fault' as const),
        tenant,
        fault: fc.constantFrom<Fault>(
          'timeout-after-acceptance',
          'timeout-before-acceptance',
          'rate-limited',
          'unavailable',
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('throws' as const), times: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('cut' as const), tenant }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('mend' as const), tenant }) },
    { weight: 2, arbitrary: fc.constant({ type: 'crash' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('wait' as const),
        ms: fc.constantFrom(0, 1, 50, 1999, 2000, 5000, 70_000),
      }),
    },
  ),
  { minLength: 5, maxLength: 40 },
)

/** Several businesses, each with a WhatsApp of its own, one storage, and bots that die and are started again. */
class Town {
  readonly clock: VirtualClock = virtualClock()
  readonly tenants: readonly SimulatedWhatsApp[]
  readonly said: { tenant: number; id: string; chat: string; poison: boolean }[] = []
  failures = 0
  #process: { bot: Bot; crash(): void } | undefined
  readonly #disk: () => Storage
  readonly #limits: SendLimits

  constructor(disk: () => Storage, { echo, limits }: Circumstances) {
    this.#disk = disk
    this.#limits = limits
    this.tenants = ['red', 'blue'].map((name) =>
      simulatedWhatsApp({ clock: this.clock, tenant: name, channel: 'main', echo, sendLatencyMs: 20 }),
    )
  }

  async start(): Promise<void> {
    const { storage, crash } = crashable(this.#disk())
    const { clock } = this
    const agent = defineAgent({
      name: 'answering',
      description: 'Names what it answers.',
      respond: ({ messages, text, conversation, reply }) => {
        if (text.includes('poison')) throw new Error('poison')
        if (this.failures > 0) {
          this.failures -= 1
          throw new Error('a bad moment')
        }
        reply.text(`${conversation.tenant}:${messages.map((message) => message.id).join(',')}`)
      },
    })
    const bot = createBot({
      transports: this.tenants.map((whatsapp) => whatsapp.anotherTransport()),
      storage,
      pipeline: createPipeline({ agents: [agent], fallback: agent, clock }),
      clock,
      retry: { maxAttempts: 4 },
      sendRetry: { maxAttempts: 1000 },
      coalesce: { settleMs: 30, maxMessages: 3 },
      limits: this.#limits,
      fallbackText: 'fallback',
    })
    await bot.start()
    this.#process = { bot, crash }
  }

  /** The process is gone: nothing of it runs any more as far as anybody can see. */
  async crash(): Promise<void> {
    this.#process?.crash()
    await this.start()
  }

  async take(step: Step): Promise<void> {
    switch (step.type) {
      case 'says': {
        const chat = `chat-${step.chat}`
        const id = `m${this.said.length}`
        const text = step.poison && step.chat === 0 ? 'poison' : 'hello'
        this.tenants[step.tenant]?.customer(chat).says(text, { id })
        this.said.push({ tenant: step.tenant, id, chat, poison: text === 'poison' })
        break
      }
      case 'again': {
        const message = this.said[step.which % Math.max(this.said.length, 1)]
        if (message) this.tenants[message.tenant]?.arrivals.redeliver(message)
        break
      }
      case 'fault':
        this.tenants[step.tenant]?.faults.next(step.fault)
        break
      case 'throws':
        this.failures += step.times
        break
      case 'cut':
        this.tenants[step.tenant]?.disconnect()
        break
      case 'mend':
        this.tenants[step.tenant]?.reconnect()
        break
      case 'crash':
        await this.crash()
        break
      case 'wait':
        await this.clock.advance(step.ms)
        break
    }
  }

  /** Lets everything come to its end, and stops. */
  async finish(storage: Storage): Promise<void> {
    for (const whatsapp of this.tenants) whatsapp.reconnect()
    this.failures = 0
    await this.clock.runUntil(async () => {
      const { pendingMessages, pendingReplies } = await storage.stats()
      const waiting = this.tenants.some((whatsapp) => whatsapp.arrivals.unacknowledged.length > 0)
      return pendingMessages + pendingReplies === 0 && !waiting
    })
    await this.clock.finish(this.#process?.bot.stop() ?? Promise.resolve())
  }

  /** What must hold whatever happened. */
  async check(storage: Storage): Promise<void> {
    const dead = (await storage.deadLetters.list({ limit: 1000 })).map(
      ({ conversation, message }) => `${conversation.tenant}/${'id' in message ? message.id : 'reply'}`,
    )
    expect(new Set(dead).size).toBe(dead.length)
    this.tenants.forEach((whatsapp, index) => {
      const name = index === 0 ? 'red' : 'blue'
      expect(whatsapp.breaches).toEqual([])
      const mine = this.said.filter((message) => message.tenant === index)
      for (const chat of new Set(mine.map((message) => message.chat))) {
        const texts = whatsapp.customer(chat).texts.filter((text) => text !== 'fallback')
        expect(texts.every((text) => text.startsWith(`${name}:`))).toBe(true)
        const answered = texts.flatMap((text) => text.slice(name.length + 1).split(','))
        const expected = mine.filter((message) => message.chat === chat && !dead.includes(`${name}/${message.id}`))
        // Once each, in the order in which they were written, and nobody else's.
        expect(answered).toEqual(expected.map((message) => message.id))
      }
      for (const message of mine) if (message.poison) expect(dead).toContain(`${name}/${message.id}`)
    })
  }
}

async function holds(schedule: readonly Step[], circumstances: Circumstances, storage: Storage): Promise<void> {
  await storage.open()
  const town = new Town(() => storage, circumstances)
  await town.start()
  for (const step of schedule) await town.take(step)
  await town.finish(storage)
  await town.check(storage)
  await storage.close()
}

it('answers each message once or has a dead letter, in order, for any schedule (memory)', async () => {
  await fc.assert(
    fc.asyncProperty(steps, circumstances, async (schedule, given) => {
      await holds(schedule, given, memoryStorage())
    }),
    { numRuns: 400, seed: 20_261_121 },
  )
}, 120_000)

it('answers each message once or has a dead letter, in order, for any schedule (SQLite)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-schedules-'))
  let count = 0
  try {
    await fc.assert(
      fc.asyncProperty(steps, circumstances, async (schedule, given) => {
        count += 1
        const storage = sqliteStorage({ path: join(folder, `${count}.db`), synchronous: 'normal' })
        await holds(schedule, given, storage)
      }),
      { numRuns: 80, seed: 20_261_121 },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 120_000)
