import { expect, test } from 'vitest'
import { silentLogger } from '../logger.ts'
import { memoryStorage } from '../memory/memory-storage.ts'
import type { Storage } from '../storage.ts'
import type { Transport } from '../transport.ts'
import { Governors } from './governors.ts'
import type { SendLimits } from './limits.ts'

const channel = { tenant: 't', channel: 'c' }
const isCold = true

/** Governors whose writes end when the test says so. */
async function remembering(limits: SendLimits) {
  const memory = memoryStorage()
  await memory.open()
  const written: (string | undefined)[] = []
  let held: (() => void)[] | undefined
  const records: Storage['records'] = {
    ...memory.records,
    set: async (key, name, value) => {
      written.push(value)
      await new Promise<void>((resolve) => (held ? held.push(resolve) : resolve()))
      await memory.records.set(key, name, value)
    },
  }
  const governors = new Governors({
    transports: [{ ...channel, name: 'x', limits } as Transport],
    limits: undefined,
    storage: { ...memory, records },
    clock: { now: () => 1_000_000, after: () => () => undefined },
    random: () => 0.5,
    concurrency: 100,
    logger: silentLogger,
    onCircuit: () => undefined,
    onEnd: () => undefined,
  })
  return {
    governors,
    written,
    hold: () => {
      held = []
    },
    letGo: () => {
      const waiting = held ?? []
      held = undefined
      for (const resolve of waiting) resolve()
    },
  }
}

test('those who ask while a record is written share the next write, which tells of all of them', async () => {
  const { governors, written, hold, letGo } = await remembering({ cold: { perDay: 100 } })
  await governors.start()
  hold()
  const asked = Array.from({ length: 10 }, (_, index) => {
    governors.of(channel).admit({ chat: `c${index}`, isCold })
    return governors.remember(channel)
  })
  letGo()
  await Promise.all(asked)
  expect(written.map((json) => JSON.parse(json ?? '').cold.sent)).toEqual([1, 10])
})

test('a record says that its process runs, until it ends; without limits there is none', async () => {
  const limited = await remembering({ messagesPerSecond: 80 })
  await limited.governors.start()
  await limited.governors.stop()
  expect(limited.written).toEqual(['{"isRunning":true}', undefined])
  const free = await remembering({ cold: { quietHours: { from: '21:00', until: '08:00' } } })
  await free.governors.start()
  await free.governors.stop()
  expect(free.written).toEqual([])
})
