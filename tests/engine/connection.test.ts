import { type Claim, defineAgent, memoryStorage, type Storage } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { describe, expect, it } from 'vitest'
import { crashable } from './crashable.ts'
import { startWorld } from './world.ts'

const hourMs = 3_600_000
const to = (chat: string, channel = 'default') => ({ tenant: 'default', channel, chat })
const text = (words: string) => ({ type: 'text', text: words }) as const

describe('while a channel is not connected', () => {
  it('its replies wait for an hour at no cost, then go out once and in order; other channels go on', async () => {
    const clock = virtualClock()
    const { storage, claims } = counting(memoryStorage({ clock }))
    const home = simulatedWhatsApp({ clock })
    const other = simulatedWhatsApp({ clock, channel: 'other' })
    await using world = await startWorld({ clock, storage, bot: { transports: [home.transport, other.transport] } })
    home.disconnect('the phone is off')
    for (let index = 0; index < 50; index += 1) {
      await world.bot.send(to(`c${index}`), text(`one for ${index}`))
      await world.bot.send(to(`c${index}`), text(`two for ${index}`))
    }
    await world.settle()
    expect(await world.bot.stats()).toMatchObject({ parked: 50, pendingReplies: 100 })
    expect(world.named('reply-postponed')).toHaveLength(50)
    expect(world.named('reply-postponed')[0]).toMatchObject({ reason: 'the channel is not connected' })
    expect(world.named('reply-postponed')[0]).not.toHaveProperty('untilMs')
    const before = claims.length
    for (let minute = 0; minute < 60; minute += 1) {
      await world.bot.send(to(`o${minute}`, 'other'), text('hello'))
      await world.clock.advance(hourMs / 60)
    }
    expect(other.sent).toHaveLength(60)
    expect(claims.slice(before).filter(({ lease }) => lease.conversation.channel === 'default')).toEqual([])
    expect(claims.slice(before)).toHaveLength(60)

    home.reconnect()
    await world.clock.advance(10_000)
    expect(home.attempts.map(({ delivery }) => delivery.attempt)).toEqual(Array(100).fill(1))
    for (let index = 0; index < 50; index += 1) {
      expect(home.customer(`c${index}`).texts).toEqual([`one for ${index}`, `two for ${index}`])
    }
    expect(await world.bot.stats()).toMatchObject({ parked: 0, pendingReplies: 0, deadLetters: 0 })
    expect(world.named('circuit-changed')).toEqual([])
  })

  it('those who write are answered in order when it is back', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.needsLogin()
    for (const words of ['one', 'two']) {
      const message = { id: words, chat: 'anna', from: { id: 'anna' }, type: 'text', text: words, sentAtMs: 0 } as const
      await world.bot.receive([message])
      await world.settle()
    }
    expect(world.named('turn-committed')).toHaveLength(2)
    await world.clock.advance(hourMs)
    expect(world.whatsapp.attempts).toEqual([])
    world.whatsapp.reconnect()
    await world.settle()
    expect(anna.texts).toEqual(['you said one', 'you said two'])
  })

  it('turns go on: what comes in pieces is answered, and a turn that failed is tried again', async () => {
    const clock = virtualClock()
    const { storage, claims } = counting(memoryStorage({ clock }))
    let fails = 1
    const agent = defineAgent({
      name: 'flaky',
      description: 'Fails when told to.',
      respond({ text, reply }) {
        if (text === 'fail' && fails-- > 0) throw new Error('not now')
        reply.text(`you said ${text}`)
      },
    })
    const coalesce = { settleMs: 2000 }
    await using world = await startWorld({ clock, storage, agents: [agent], bot: { coalesce } })
    world.whatsapp.disconnect()
    for (const words of ['one', 'two', 'fail']) {
      const message = { id: words, chat: 'anna', from: { id: 'anna' }, type: 'text', text: words, sentAtMs: 0 } as const
      await world.bot.receive([message])
      await world.clock.advance(10_000)
    }
    expect(world.named('turn-failed')).toHaveLength(1)
    expect(world.named('turn-committed')).toHaveLength(3)
    expect(await world.bot.stats()).toMatchObject({ parked: 1, pendingMessages: 0, pendingReplies: 3 })
    const before = claims.length
    await world.clock.advance(hourMs)
    expect(claims).toHaveLength(before)
    world.whatsapp.reconnect()
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['you said one', 'you said two', 'you said fail'])
  })

  it('what was missed is heard before anything is sent: a STOP, and the hand of the owner', async () => {
    await using world = await startWorld()
    const [anna, bert, carl] = ['anna', 'bert', 'carl'].map((id) => world.whatsapp.customer(id))
    world.whatsapp.disconnect()
    for (const chat of ['anna', 'carl']) await world.bot.send(to(chat), text('your order is ready'))
    await world.bot.receive([{ id: 'q', chat: 'bert', from: { id: 'bert' }, type: 'text', text: 'hi', sentAtMs: 0 }])
    await world.settle()
    anna?.says('STOP')
    world.whatsapp.owner.writes('bert', 'I will bring it myself')
    world.whatsapp.reconnect()
    await world.settle()
    expect(world.named('reply-suppressed')).toHaveLength(2)
    expect(anna?.texts).not.toContain('your order is ready')
    expect(carl?.texts).toEqual(['your order is ready'])
    expect(world.named('handoff-started')).toMatchObject([{ conversation: { chat: 'bert' } }])
    expect(bert?.texts).toEqual(['I will bring it myself'])
  })

  it('what cannot be asked in ten seconds holds nothing back any longer', async () => {
    await using world = await startWorld()
    world.whatsapp.disconnect()
    await world.bot.send(to('anna'), text('hello'))
    world.whatsapp.faults.catchUp(100)
    world.whatsapp.reconnect()
    await world.clock.advance(9_999)
    expect(world.whatsapp.attempts).toEqual([])
    await world.clock.advance(1)
    expect(world.whatsapp.customer('anna').texts).toEqual(['hello'])
  })

  it('it is not asked what became of a reply', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next({ type: 'timeout-after-acceptance', afterMs: 1000 })
    world.whatsapp.faults.find('rejects')
    anna.says('hello')
    await world.settle()
    world.whatsapp.disconnect()
    await world.clock.advance(hourMs)
    expect(world.named('reply-held')).toEqual([])
    expect(await world.bot.stats()).toMatchObject({ parked: 1 })
    world.whatsapp.faults.find('truth')
    world.whatsapp.reconnect()
    await world.settle()
    expect(anna.texts).toEqual(['you said hello'])
    expect(world.whatsapp.attempts).toHaveLength(1)
    expect(world.named('reply-sent')).toHaveLength(1)
  })

  it('a new process waits as well', async () => {
    const clock = virtualClock()
    const disk = memoryStorage({ clock })
    await disk.open()
    const whatsapp = simulatedWhatsApp({ clock, connectMs: 60_000 })
    for (let process = 0; process < 2; process += 1) {
      const { storage, crash } = crashable(disk)
      const world = await startWorld({ clock, storage, bot: { transports: [whatsapp.transport] } })
      if (process === 0) await world.bot.send(to('anna'), text('hello'))
      await clock.advance(30_000)
      expect(whatsapp.attempts).toEqual([])
      if (process === 0) crash()
      else {
        await clock.advance(30_000)
        await world.stop()
      }
    }
    expect(whatsapp.customer('anna').texts).toEqual(['hello'])
  })

  it('a flood does not fill the memory', async () => {
    await using world = await startWorld({ bot: { concurrency: 2 } })
    world.whatsapp.disconnect()
    for (let index = 0; index < 300; index += 1) await world.bot.send(to(`c${index}`), text('hello'))
    await world.clock.advance(10_000)
    const { parked, pendingReplies } = await world.bot.stats()
    expect(pendingReplies).toBe(300)
    expect(parked).toBeGreaterThanOrEqual(200)
    expect(parked).toBeLessThanOrEqual(202)
    world.whatsapp.reconnect()
    await world.clock.advance(60_000)
    expect(world.whatsapp.sent).toHaveLength(300)
    expect(world.whatsapp.attempts).toHaveLength(300)
  })

  it('a send that was put off for a while is put off no longer than that', async () => {
    await using world = await startWorld()
    world.whatsapp.faults.next('unavailable')
    await world.bot.send(to('anna'), text('hello'))
    await world.settle()
    world.whatsapp.disconnect()
    await world.clock.advance(hourMs)
    world.whatsapp.reconnect()
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['hello'])
    expect(world.whatsapp.attempts).toHaveLength(2)
  })
})

it('a channel whose transport never says how its connection is is never paused', async () => {
  await using world = await startWorld({ transport: { start: async () => undefined } })
  await world.bot.send(to('anna'), text('hello'))
  await world.settle()
  expect(world.whatsapp.customer('anna').texts).toEqual(['hello'])
})

/** Tells what was claimed. */
function counting(storage: Storage): { readonly storage: Storage; readonly claims: readonly Claim[] } {
  const claims: Claim[] = []
  const counted = new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'claim') return value.bind(target)
      return async (...parameters: Parameters<Storage['claim']>) => {
        const claimed = await target.claim(...parameters)
        claims.push(...claimed)
        return claimed
      }
    },
  })
  return { storage: counted, claims }
}
