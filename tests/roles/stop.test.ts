import { createPipeline, createWorker, defineAgent, memoryQueue, memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { withParts } from './with-parts.ts'

const never = () => new Promise<never>(() => undefined)

/** A worker with a turn in work and a job in hand whose storage, from `state.isGone` on, never answers again. */
async function workerWhoseStorageGoes(options: { readonly leaseMs?: number; readonly stopTimeoutMs?: number } = {}) {
  const clock = virtualClock()
  const disk = memoryStorage({ clock })
  const queue = memoryQueue({ clock })
  const whatsapp = simulatedWhatsApp({ clock, catchUp: false })
  const state = { isGone: false, renewals: 0, turns: 0 }
  const gone = withParts(disk, (name) => (name === 'records' ? { list: never, set: never, replace: never } : never))
  const storage = withParts(disk, (name) => {
    if (name === 'renew' && state.isGone) state.renewals += 1
    return state.isGone ? Reflect.get(gone, name) : undefined
  })
  const slow = defineAgent({
    name: 'slow',
    description: 'Thinks for a second.',
    async respond({ reply }) {
      state.turns += 1
      await new Promise<void>((resolve) => clock.after(1000, resolve))
      reply.text('hi')
    },
  })
  const worker = createWorker({
    transports: [whatsapp.transport],
    pipeline: createPipeline({ agents: [slow], fallback: slow, clock }),
    storage,
    queue,
    clock,
    ...options,
  })
  await clock.finish(worker.start())
  await clock.advance(1000)
  whatsapp.customer('ana').says('hello')
  await clock.runUntil(() => state.turns === 1)
  const message = { id: 'm1', chat: 'bert', from: { id: 'bert' }, type: 'text', text: 'hello', sentAtMs: 1 }
  const data = { type: 'messages', messages: [message], receivedAtMs: clock.now() }
  return {
    worker,
    clock,
    state,
    async go() {
      // The turn has begun and is not committed.
      state.isGone = true
      await queue.publish([{ id: 'j1', tenant: 'default', channel: 'main', data }])
      await clock.settle()
    },
  }
}

test('a worker stops in about its time though its storage never answers again', async () => {
  const { worker, clock, go } = await workerWhoseStorageGoes({ stopTimeoutMs: 30_000 })
  await go()
  const beganMs = clock.now()
  await clock.finish(worker.stop())
  expect(clock.now() - beganMs).toBeLessThanOrEqual(35_000)
})

test('a lease is prolonged once at a time: the requests do not pile up before a storage that is away', async () => {
  const { clock, state, go } = await workerWhoseStorageGoes({ leaseMs: 3000 })
  await go()
  await clock.advance(60_000)
  expect(state.renewals).toBe(1)
})
