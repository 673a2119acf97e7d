import { memoryStorage, type Transport, type TransportHost } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { startWorld } from './world.ts'

const wrong = expect.objectContaining({ code: 'invalid_options' })

test('a channel that is added while the bot runs is served like the others', async () => {
  const clock = virtualClock()
  await using world = await startWorld({ clock })
  const second = simulatedWhatsApp({ clock, tenant: 'acme', channel: 'second' })
  await world.bot.addTransport(second.transport)
  second.customer('bo').says('hello', { id: 'm1' })
  await world.settle()
  expect(second.sent.map(({ message }) => message)).toEqual([{ type: 'text', text: 'you said hello' }])
  await world.bot.send({ tenant: 'acme', channel: 'second', chat: 'bo' }, { type: 'text', text: 'news' })
  await world.settle()
  expect(second.sent).toHaveLength(2)
})

test('a channel that is served already is refused, and so is a name that cannot be', async () => {
  await using world = await startWorld()
  await expect(world.bot.addTransport(simulatedWhatsApp().transport)).rejects.toThrow(wrong)
  await expect(world.bot.addTransport(simulatedWhatsApp({ tenant: 'a/b' }).transport)).rejects.toThrow(wrong)
})

test('what is no transport is refused', async () => {
  await using world = await startWorld()
  const { transport } = simulatedWhatsApp({ tenant: 'acme' })
  const { send: _, ...mute } = transport
  for (const given of [null, undefined, {}, 'cloud', mute, { ...transport, capabilities: undefined }]) {
    await expect(world.bot.addTransport(given as unknown as Transport)).rejects.toThrow(wrong)
  }
  await world.bot.addTransport(transport)
})

test('mail that waited for its channel is taken up when the channel is added', async () => {
  const clock = virtualClock()
  const storage = memoryStorage()
  await storage.open()
  const conversation = { tenant: 'acme', channel: 'second', chat: 'bo' }
  const message = { type: 'text', text: 'kept' } as const
  await storage.enqueue(conversation, [
    { id: 'r1', kind: 'proactive', message, inReplyTo: [], notBeforeMs: clock.now() },
  ])
  await using world = await startWorld({ clock, storage })
  await clock.advance(5_000)
  const second = simulatedWhatsApp({ clock, tenant: 'acme', channel: 'second' })
  await world.bot.addTransport(second.transport)
  await clock.advance(5_000)
  expect(second.sent.map((sent) => sent.message)).toEqual([message])
})

test('a channel that cannot begin is not kept: it can be added again', async () => {
  const clock = virtualClock()
  await using world = await startWorld({ clock })
  const { transport } = simulatedWhatsApp({ clock, tenant: 'acme' })
  const broken = { ...transport, start: () => Promise.reject(new Error('no')) }
  await expect(world.bot.addTransport(broken)).rejects.toThrow('no')
  await world.bot.addTransport(transport)
})

test('what a transport remembers is kept for its channel, apart from what the engine does', async () => {
  const storage = memoryStorage()
  let host: TransportHost | undefined
  const transport = simulatedWhatsApp({ tenant: 'acme' }).transport
  await using world = await startWorld({ storage })
  await world.bot.addTransport({
    ...transport,
    async start(given) {
      host = given
    },
  })
  await host?.records.set('governor', 'mine')
  expect(await host?.records.get('governor')).toBe('mine')
  expect(await storage.records.get(transport, 'governor')).not.toBe('mine')
})

test('the bot tells what became of messages', async () => {
  await using world = await startWorld()
  const conversation = { tenant: 'default', channel: 'default', chat: 'anna' }
  world.whatsapp.customer('anna').says('hello', { id: 'm1' })
  await world.settle()
  await world.bot.handoff(conversation, { reason: 'asked' })
  expect(await world.bot.answers(conversation, ['m1', 'm2'])).toEqual({
    handoff: { by: 'person', reason: 'asked', sinceMs: world.clock.now() },
    messages: [
      { id: 'm1', status: 'done', replies: [{ id: 'reply-2', message: { type: 'text', text: 'you said hello' } }] },
      { id: 'm2', status: 'unknown', replies: [] },
    ],
  })
})
