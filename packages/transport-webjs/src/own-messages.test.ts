import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { OwnMessages } from './own-messages.ts'

const { signal } = new AbortController()

test('the first ack that says something ends the wait, and only that of this message', async () => {
  const own = new OwnMessages(virtualClock())
  const ack = own.ackOf(['A', 'A2'], { limitMs: 1000, signal })
  for (const [id, value] of [
    ['B', 1],
    ['A', 0],
    ['A', 2],
    ['A', -1],
  ] as const) {
    own.acknowledge(id, value)
  }
  expect(await ack).toBe(2)
})

test('the wait ends with its time, and with its session', async () => {
  const clock = virtualClock()
  const own = new OwnMessages(clock)
  expect(await clock.finish(own.ackOf(['A', 'A2'], { limitMs: 1000, signal }))).toBeUndefined()
  const session = new AbortController()
  const ack = own.ackOf(['A', 'A2'], { limitMs: 1000, signal: session.signal })
  // The wait of an attempt before does not end that of the next one.
  const next = own.ackOf(['A', 'A2'], { limitMs: 1000, signal })
  session.abort()
  expect(await ack).toBeUndefined()
  own.acknowledge('A', 1)
  expect(await next).toBe(1)
  expect(clock.timers).toBe(0)
})

test('it is busy until every send has ended, however it ends', async () => {
  const own = new OwnMessages(virtualClock())
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  const sends = [own.during(first.promise), own.during(second.promise)]
  expect(own.isIdle).toBe(false)
  let settled = false
  const waiting = own.settled().then(() => {
    settled = true
  })
  first.reject(new Error('no'))
  await expect(sends[0]).rejects.toThrow('no')
  expect(settled).toBe(false)
  second.resolve()
  await waiting
  expect(own.isIdle).toBe(true)
})

test('the latest 5,000 are remembered', () => {
  const own = new OwnMessages(virtualClock())
  for (let count = 0; count <= 5000; count += 1) own.remember(`m${count}`, { replyId: `r${count}` })
  expect(own.get('m0')).toBeUndefined()
  own.remember('m5000', { replyId: 'r5000', providerId: 'p' })
  expect(own.get('m5000')).toEqual({ replyId: 'r5000', providerId: 'p' })
})
