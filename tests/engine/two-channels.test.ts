import { type SendLimits, type SendResult, waitFor } from '@wa-agent/core'
import { simulatedWhatsApp, type VirtualClock, virtualClock } from '@wa-agent/testing'
import { describe, expect, it } from 'vitest'
import { startWorld } from './world.ts'

/** A channel each of whose sends takes so long, with the times at which they ended. */
function slow(clock: VirtualClock, channel: string, { takesMs, limits }: { takesMs: number; limits?: SendLimits }) {
  const { transport, customer } = simulatedWhatsApp({ clock, channel })
  const sentAtMs: number[] = []
  let mostAtOnce = 0
  let atOnce = 0
  const send = async (): Promise<SendResult> => {
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    await waitFor(clock, takesMs, new AbortController().signal)
    atOnce -= 1
    sentAtMs.push(clock.now())
    return { status: 'sent' }
  }
  return {
    transport: { ...transport, send, ...(limits ? { limits } : {}) },
    customer,
    sentAtMs,
    mostAtOnce: () => mostAtOnce,
  }
}

/** How long it takes until all who write at once have their answers. */
async function answering(
  customers: number,
  { channels, limits, takesMs = 150 }: { channels: number; limits?: SendLimits; takesMs?: number },
) {
  const clock = virtualClock()
  const busy = slow(clock, 'busy', limits ? { takesMs, limits } : { takesMs })
  const idle = Array.from({ length: channels - 1 }, (_, index) => slow(clock, `idle-${index}`, { takesMs }).transport)
  await using world = await startWorld({ clock, bot: { transports: [busy.transport, ...idle] } })
  const beganMs = clock.now()
  for (let index = 0; index < customers; index += 1) busy.customer(`c${index}`).says('hello')
  await clock.runUntil(() => busy.sentAtMs.length === customers)
  const tookMs = clock.now() - beganMs
  await world.settle()
  expect(await world.bot.stats()).toMatchObject({ pendingReplies: 0, deadLetters: 0 })
  return { tookMs, postponed: world.named('reply-postponed').length }
}

describe('of two channels', () => {
  it('one that is idle does not slow the other down', async () => {
    const limits = { messagesPerSecond: 80 }
    const alone = await answering(300, { channels: 1, limits })
    const beside = await answering(300, { channels: 2, limits })
    expect(beside.tookMs).toBeLessThanOrEqual(alone.tookMs * 1.1)
    expect(beside.postponed).toBeLessThanOrEqual(alone.postponed)
  })

  it('one that is idle costs no throughput where there is no limit', async () => {
    const alone = await answering(3000, { channels: 1 })
    const beside = await answering(3000, { channels: 4 })
    expect(beside.tookMs).toBeLessThanOrEqual(alone.tookMs * 1.1)
    expect(beside.postponed).toBe(0)
  })

  it('one that is slow but well loses none of its slots', async () => {
    const options = { limits: { messagesPerSecond: 30 }, takesMs: 2000 }
    const alone = await answering(300, { channels: 1, ...options })
    const beside = await answering(300, { channels: 2, ...options })
    // A quarter goes first, to see whether it is well: that is one send longer.
    expect(beside.tookMs).toBeLessThanOrEqual(alone.tookMs + options.takesMs)
  })

  it('one that hangs from the beginning does not stop the other', async () => {
    const { tookMs, hungAtOnce } = await besideOneThatHangs({ wellForMs: 0 })
    expect(hungAtOnce).toBeLessThanOrEqual(25)
    expect(tookMs).toBeLessThanOrEqual(1000)
  })

  it('one that hangs in the middle of its work does not stop the other', async () => {
    const { tookMs, hungAtOnce } = await besideOneThatHangs({ wellForMs: 1000 })
    expect(hungAtOnce).toBeLessThanOrEqual(95)
    expect(tookMs).toBeLessThanOrEqual(5000)
  })

  it('both work at once, each with its part', async () => {
    const clock = virtualClock()
    const both = ['one', 'other'].map((channel) => slow(clock, channel, { takesMs: 150 }))
    await using world = await startWorld({ clock, bot: { transports: both.map(({ transport }) => transport) } })
    const beganMs = clock.now()
    for (let index = 0; index < 1500; index += 1) for (const { customer } of both) customer(`c${index}`).says('hello')
    await clock.runUntil(() => both.every(({ sentAtMs }) => sentAtMs.length === 1500))
    const tookMs = clock.now() - beganMs
    // 3,000 sends of 150 ms, 95 at once.
    expect(tookMs).toBeLessThanOrEqual(4737 * 1.2)
    await world.settle()
  })
})

/** How long 100 customers of a channel wait while 1,000 write to another one, which hangs after a while. */
async function besideOneThatHangs({ wellForMs }: { wellForMs: number }) {
  const clock = virtualClock()
  const well = slow(clock, 'well', { takesMs: 150 })
  const beganMs = clock.now()
  const { transport, customer } = slow(clock, 'hangs', { takesMs: 150 })
  let hungAtOnce = 0
  const hangs = {
    ...transport,
    send: (...parameters: Parameters<typeof transport.send>) => {
      if (clock.now() - beganMs < wellForMs) return transport.send(...parameters)
      hungAtOnce += 1
      return new Promise<never>(() => undefined)
    },
  }
  await using _ = await startWorld({ clock, bot: { transports: [hangs, well.transport], stopTimeoutMs: 1000 } })
  for (let index = 0; index < 1000; index += 1) customer(`c${index}`).says('hello')
  await clock.advance(wellForMs + 1000)
  const askedMs = clock.now()
  for (let index = 0; index < 100; index += 1) well.customer(`c${index}`).says('hello')
  await clock.runUntil(() => well.sentAtMs.length === 100)
  return { tookMs: clock.now() - askedMs, hungAtOnce }
}
