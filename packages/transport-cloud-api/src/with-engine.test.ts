import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials, messagesWebhook, webhookRequest } from './fake-meta.ts'

const [phone, newPhone, bsuid, newBsuid] = ['16505551234', '16505557777', 'US.1349', 'US.2349']

/** A bot on the Cloud API; `sent` is what came to Meta. */
async function running() {
  const clock = virtualClock()
  const sent: { readonly to?: string; readonly recipient?: string; readonly text: { readonly body: string } }[] = []
  // Promises only: the virtual clock does not see sockets.
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push((await new Request(input, init).json()) as (typeof sent)[number])
    return Response.json({ messages: [{ id: `wamid.r${sent.length}` }] })
  }
  const transport = cloudApiTransport({ ...credentials, fetch, clock })
  const echo = defineAgent({
    name: 'echo',
    description: 'Repeats what it is told.',
    respond: ({ text, reply }) => reply.text(`you said ${text}`),
  })
  const bot = createBot({
    transports: [transport],
    storage: memoryStorage(),
    pipeline: createPipeline({ agents: [echo], fallback: echo, clock }),
    clock,
  })
  const chats: string[] = []
  bot.on('turn-committed', ({ conversation }) => chats.push(conversation.chat))
  await bot.start()
  let ids = 0
  const stamped = (message: Record<string, unknown>) => {
    ids += 1
    return { id: `wamid.${ids}`, timestamp: `${Math.floor(clock.now() / 1000)}`, type: 'text', ...message }
  }
  return {
    bot,
    sent,
    chats,
    async takes(message: Record<string, unknown>) {
      const webhook = messagesWebhook([stamped(message)])
      expect(await transport.webhook(webhookRequest(webhook))).toEqual({ status: 200 })
      await clock.advance(60_000)
    },
    async hearsOwner(message: Record<string, unknown>) {
      const value = { messaging_product: 'whatsapp', message_echoes: [stamped(message)] }
      const webhook = { entry: [{ changes: [{ field: 'smb_message_echoes', value }] }] }
      expect(await transport.webhook(webhookRequest(webhook))).toEqual({ status: 200 })
    },
    async [Symbol.asyncDispose]() {
      await clock.finish(bot.stop())
    },
  }
}

const says = (body: string) => ({ type: 'text', text: { body } })

test('a customer whose number becomes known is answered there, in the same conversation', async () => {
  await using on = await running()
  await on.takes({ from_user_id: bsuid, ...says('one') })
  await on.takes({ from: phone, from_user_id: bsuid, ...says('two') })
  await on.takes({ from_user_id: bsuid, ...says('three') })
  expect(on.sent.map(({ to, recipient }) => to ?? recipient)).toEqual([bsuid, phone, phone])
  expect(on.chats).toEqual([bsuid, bsuid, bsuid])
})

test('a customer who changes the number stays in the conversation, and nothing is said to the notice', async () => {
  await using on = await running()
  await on.takes({ from: phone, from_user_id: bsuid, ...says('one') })
  const system = { type: 'user_changed_number', wa_id: newPhone, user_id: newBsuid, previous_user_id: bsuid }
  await on.takes({ from: phone, from_user_id: bsuid, type: 'system', system })
  expect(on.sent).toHaveLength(1)
  await on.bot.send({ tenant: 'default', channel: 'main', chat: phone }, { type: 'text', text: 'still there?' })
  await on.takes({ from: newPhone, from_user_id: newBsuid, ...says('two') })
  expect(on.sent.map(({ to, text }) => [to, text.body])).toEqual([
    [phone, 'you said one'],
    [newPhone, 'still there?'],
    [newPhone, 'you said two'],
  ])
  expect(new Set(on.chats)).toEqual(new Set([phone]))
})

test('an edited message is not answered once more', async () => {
  await using on = await running()
  await on.takes({ from: phone, ...says('one box') })
  const edit = { original_message_id: 'wamid.1', message: says('two boxes') }
  await on.takes({ from: phone, type: 'edit', edit })
  expect(on.sent.map(({ text }) => text.body)).toEqual(['you said one box'])
})

test.each([
  ['a customer who is known by the business-scoped id alone', { from_user_id: bsuid }],
  ['a customer who is known by the number alone', { from: phone }],
])('the owner’s own words silence the bot for %s', async (_, sender) => {
  await using on = await running()
  await on.takes({ ...sender, ...says('one') })
  await on.hearsOwner({ from: '15550001', to: phone, to_user_id: bsuid, ...says('I am here') })
  await on.takes({ ...sender, ...says('two') })
  expect(on.sent.map(({ text }) => text.body)).toEqual(['you said one'])
})
