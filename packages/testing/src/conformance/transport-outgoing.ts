import assert from 'node:assert/strict'
import type { FindResult, OutboundMedia, OutboundMessage, OutboundType, SendResult } from '@wa-agent/core'
import {
  complete,
  kept,
  needed,
  type ProviderFault,
  type TransportCase,
  type TransportWorld,
} from './transport-harness.ts'

/** What goes out. */
export const outgoingCases: readonly TransportCase[] = [
  kept('says what it can carry', async ({ transport }) => {
    const { name, tenant, channel, capabilities } = transport
    assert.match(name, /^[a-z][a-z0-9-]*$/)
    for (const key of [tenant, channel]) assert.match(key, /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$/)
    assert.ok(capabilities.types.includes('text'), 'every transport carries text')
    assert.ok(capabilities.maxTextLength > 0)
    assert.ok(capabilities.types.includes('buttons') === capabilities.maxButtons > 0, 'maxButtons fits the types')
    assert.ok(capabilities.types.includes('list') === capabilities.maxListRows > 0, 'maxListRows fits the types')
  }),
  kept('sends a text to its chat and changes nothing in it', async ({ host, send, ...world }) => {
    await world.start(host)
    const text = 'Zwölf Boxen 👋🏽\n"so" \\ <b> & العربية'
    assert.equal((await finish(world, send({ id: 'r1', message: { type: 'text', text } }))).status, 'sent')
    await finish(world, send({ id: 'r2', chat: 'ben' }))
    assert.deepEqual(await world.arrived(), [
      { chat: 'ana', text },
      { chat: 'ben', text: 'text of r2' },
    ])
  }),
  kept('sends the replies of a chat in the order in which it is asked', async ({ host, send, ...world }) => {
    await world.start(host)
    const ids = ['r1', 'r2', 'r3', 'r4', 'r5']
    for (const id of ids) await finish(world, send({ id }))
    assert.deepEqual(
      (await world.arrived()).map(({ text }) => text),
      ids.map((id) => `text of ${id}`),
    )
  }),
  kept('sends to several chats at once', async ({ host, send, ...world }) => {
    await world.start(host)
    const chats = Array.from({ length: 20 }, (_, index) => `chat-${index}`)
    const results = await finish(world, Promise.all(chats.map((chat) => send({ id: `r-${chat}`, chat }))))
    assert.ok(results.every(({ status }) => status === 'sent'))
    assert.deepEqual(new Set((await world.arrived()).map(({ chat }) => chat)), new Set(chats))
  }),
  kept('sends a text as long as it says that it can', async ({ host, send, ...world }) => {
    await world.start(host)
    const text = 'x'.repeat(world.transport.capabilities.maxTextLength)
    assert.equal((await finish(world, send({ id: 'r1', message: { type: 'text', text } }))).status, 'sent')
    const [only, ...others] = await world.arrived()
    assert.ok(only?.text === text && others.length === 0, `arrived: ${only?.text.length ?? 0} of ${text.length} units`)
  }),
  kept('sends every type that it says it can', async ({ host, send, ...world }) => {
    await world.start(host)
    const { types } = world.transport.capabilities
    for (const type of types) {
      const message = example(type, world.outboundMedia)
      const result = await finish(world, send({ id: `r-${type}`, message }))
      assert.equal(result.status, 'sent', `a message of type ${type} was not sent: ${JSON.stringify(result)}`)
    }
    assert.equal((await world.arrived()).length, types.length)
  }),
  kept(
    'sends nothing, or does not claim that nothing went out, once it is aborted',
    async ({ host, send, ...world }) => {
      await world.start(host)
      const result = await finish(world, send({ id: 'r1' }, AbortSignal.abort()).catch(uncertain))
      const count = (await world.arrived()).length
      if (result.status === 'failed') assert.equal(count, 0)
      if (result.status === 'sent') assert.equal(count, 1)
    },
  ),
  kept({ name: 'says that a send certainly failed, and whether to try again', feature: 'faults' }, async (world) => {
    await world.start(world.host)
    for (const [fault, retryable] of [
      ['rate-limited', true],
      ['unavailable', true],
      ['refused', false],
    ] as const) {
      const result = await sendInto(world, fault)
      assert.ok(result.status === 'failed', `${fault} gave ${result.status}`)
      assert.equal(result.retryable, retryable, fault)
      assert.ok(result.reason.length > 0)
    }
    assert.deepEqual(await world.arrived(), [])
    assert.equal((await finish(world, world.send({ id: 'after' }))).status, 'sent')
  }),
  kept({ name: 'does not guess where no answer came', feature: 'faults' }, async (world) => {
    await world.start(world.host)
    for (const fault of ['timeout-after-acceptance', 'timeout-before-acceptance'] as const) {
      assert.equal((await sendInto(world, fault)).status, 'uncertain', fault)
    }
    assert.equal((await world.arrived()).length, 1)
  }),
  kept({ name: 'finds what went out, and only that', feature: 'find' }, async ({ host, send, ...world }) => {
    await world.start(host)
    await finish(world, send({ id: 'r1' }))
    const find = needed(world.transport.find?.bind(world.transport), 'transport.find')
    const options = { signal: new AbortController().signal }
    const found = (id: string) => finish(world, find(complete({ id }), options))
    assert.equal((await found('r1')).status, 'sent')
    assertNotSent(await found('r2'))
  }),
  kept({ name: 'knows afterwards what became of a send without an answer', feature: 'find' }, async (world) => {
    // Without faults there is no such send.
    if (!world.fail) return
    await world.start(world.host)
    const find = needed(world.transport.find?.bind(world.transport), 'transport.find')
    const options = { signal: new AbortController().signal }
    await sendInto(world, 'timeout-after-acceptance')
    const accepted = await finish(world, find(complete({ id: 'timeout-after-acceptance' }), options))
    assert.notEqual(accepted.status, 'absent')
    await sendInto(world, 'timeout-before-acceptance')
    assertNotSent(await finish(world, find(complete({ id: 'timeout-before-acceptance' }), options)))
  }),
]

function assertNotSent(found: FindResult): void {
  assert.notEqual(found.status, 'sent')
}

function sendInto(world: TransportWorld, fault: ProviderFault): Promise<SendResult> {
  needed(world.fail, 'fail').call(world, fault)
  return finish(world, world.send({ id: fault }))
}

/** Lets time pass until the work has ended: a transport may wait before it gives up. */
async function finish<Value>(world: Pick<TransportWorld, 'until'>, work: Promise<Value>): Promise<Value> {
  let ended = false
  const end = () => {
    ended = true
  }
  work.then(end, end)
  await world.until(() => ended)
  return work
}

/** The engine takes an exception for this, unless it is a `send_failed`. */
function uncertain(): SendResult {
  return { status: 'uncertain', reason: 'exception' }
}

function example(type: OutboundType, media: OutboundMedia = { url: 'https://files.example/file' }): OutboundMessage {
  const choices = [{ id: 'yes', title: 'Yes' }]
  const examples: { readonly [Type in OutboundType]: Extract<OutboundMessage, { type: Type }> } = {
    text: { type: 'text', text: 'text' },
    image: { type: 'image', media, caption: 'caption' },
    video: { type: 'video', media, caption: 'caption' },
    audio: { type: 'audio', media, voice: true },
    document: { type: 'document', media, caption: 'caption' },
    sticker: { type: 'sticker', media },
    location: { type: 'location', latitude: 52.5, longitude: 13.4, name: 'Shop' },
    contacts: { type: 'contacts', contacts: [{ name: 'Ana', phones: ['+4930123456'], emails: [] }] },
    reaction: { type: 'reaction', emoji: '👍', to: 'm1' },
    template: { type: 'template', name: 'hello', language: 'en', parameters: ['Ana'] },
    buttons: { type: 'buttons', text: 'text', buttons: choices },
    list: { type: 'list', text: 'text', button: 'Open', sections: [{ title: 'All', rows: choices }] },
  }
  return examples[type]
}
