import assert from 'node:assert/strict'
import { isWaAgentError, WaAgentError } from '@wa-agent/core'
import { kept, needed, type TransportCase, textFrom } from './transport-harness.ts'

const unusual = 'Zwölf Boxen, bitte 👋🏽\nund "so" weiter \\ \t <b> & \u2028 العربية'
const away = () => new WaAgentError('storage_unavailable', 'Try again.', { retryable: true })

/** What comes in. */
export const incomingCases: readonly TransportCase[] = [
  kept('hands over what customers send: id, chat, sender, time and text', async ({ host, ...world }) => {
    await world.start(host, [textFrom('m1'), textFrom('m2', { chat: 'ben', text: 'hello' })])
    await world.until(() => host.received.length === 2)
    const [first, second] = host.received
    assert.ok(first?.type === 'text' && second?.type === 'text')
    assert.deepEqual([first.id, first.chat, first.text], ['m1', 'ana', 'text of m1'])
    assert.deepEqual([second.id, second.chat, second.text], ['m2', 'ben', 'hello'])
    assert.deepEqual([first.fromMe, first.isGroup, first.from.id.length > 0], [false, false, true])
    // Seconds instead of milliseconds would be in 1970.
    assert.ok(first.sentAtMs > Date.UTC(2000, 0, 1), `sentAtMs is ${first.sentAtMs}`)
  }),
  kept('hands over the messages of a chat in the order in which they came', async ({ host, ...world }) => {
    const ids = Array.from({ length: 30 }, (_, index) => `m${index}`)
    await world.start(
      host,
      ids.map((id) => textFrom(id)),
    )
    await world.until(() => host.received.length === ids.length)
    assert.deepEqual(
      host.received.map(({ id }) => id),
      ids,
    )
  }),
  kept('changes nothing in a text, whatever is in it', async ({ host, ...world }) => {
    await world.start(host, [textFrom('m1', { text: unusual })])
    await world.until(() => host.received.length === 1)
    const [message] = host.received
    assert.equal(message?.type === 'text' && message.text, unusual)
  }),
  kept({ name: 'hands over what comes while it runs', feature: 'incoming-later' }, async ({ host, ...world }) => {
    await world.start(host)
    await needed(world.deliver, 'deliver')(textFrom('m1'))
    await world.until(() => host.received.length === 1)
  }),
  kept('brings a message again that could not be stored', async ({ host, ...world }) => {
    host.refuse(away(), 2)
    await world.start(host, [textFrom('m1')])
    await world.until(() => host.received.length === 1)
    assert.equal(host.received[0]?.id, 'm1')
    assert.ok(host.calls >= 3)
  }),
  kept(
    { name: 'acknowledges a message only once it is durable', feature: 'acknowledgement' },
    async ({ host, ...world }) => {
      const acknowledged = needed(world.acknowledged, 'acknowledged')
      const open = host.pause()
      await world.start(host, [textFrom('m1')])
      await world.until(() => host.calls === 1)
      await world.pass(100)
      assert.equal(acknowledged('m1'), false)
      open()
      await world.until(() => acknowledged('m1'))
    },
  ),
  kept(
    { name: 'gives a message that the provider repeats the same id', feature: 'redelivery' },
    async ({ host, ...world }) => {
      await world.start(host, [textFrom('m1')])
      await world.until(() => host.received.length === 1)
      await needed(world.redeliver, 'redeliver')('m1')
      await world.until(() => host.received.length === 2)
      assert.deepEqual(host.received[1], host.received[0])
    },
  ),
  kept(
    { name: 'opens a file that came in, and says so where it is gone', feature: 'incoming-media' },
    async ({ host, ...world }) => {
      const deliverImage = needed(world.deliverImage, 'deliverImage')
      const bytes = Uint8Array.from({ length: 150_000 }, (_, index) => index % 251)
      await world.start(host)
      await deliverImage('m1', bytes)
      await deliverImage('m2', 'gone')
      await world.until(() => host.received.length === 2)
      const [whole, gone] = ['m1', 'm2'].map((id) => host.received.find((message) => message.id === id))
      assert.ok(whole?.type === 'image' && gone?.type === 'image' && world.transport.openMedia)
      const { signal } = new AbortController()
      const stream = await world.transport.openMedia(whole.media, { signal })
      const opened = Buffer.from(await new Response(stream).arrayBuffer())
      // Not deepEqual: to describe how so many bytes differ takes it minutes.
      assert.ok(opened.equals(bytes), `${opened.byteLength} bytes came, not the ${bytes.byteLength} that were sent`)
      await assert.rejects(world.transport.openMedia(gone.media, { signal }), (error) => {
        assert.ok(isWaAgentError(error))
        assert.equal(error.code, 'media_unavailable')
        return true
      })
    },
  ),
]
