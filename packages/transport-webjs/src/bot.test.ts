import { createBot, createPipeline, defineAgent, memoryStorage, textOf } from '@wa-agent/core'
import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { expect, test } from 'vitest'
import { anna, annasLid, hurriedClock, makeWorld, until } from './test-world.ts'

const chromium = chromiumForTests('a bot on WhatsApp Web')

const parrot = defineAgent({
  name: 'parrot',
  description: 'Says everything again.',
  intents: { anything: { rules: [/./] } },
  respond: ({ messages, reply }) => reply.text(`You said ${messages.map(textOf).join(', ')}`),
})

test.skipIf(chromium === undefined)(
  'a bot answers everything once, whatever happens to its browser, and is silent where the owner writes',
  { timeout: 60_000 },
  async () => {
    await using world = await makeWorld({
      transport: { heartbeatMs: 6000, limits: { perChat: { everyMs: 0, burst: 99 } } },
    })
    const { web, transport } = world
    const clock = hurriedClock
    const storage = memoryStorage()
    const pipeline = createPipeline({ agents: [parrot], clock })
    const bot = createBot({ transports: [transport], storage, pipeline, clock })
    const handoffs: string[] = []
    bot.on('handoff-started', ({ handoff }) => handoffs.push(handoff.by))
    await bot.start()
    const answers = () => web.sent.map(({ text }) => text)
    const said: string[] = []
    const say = (text: string, chat = anna) => {
      said.push(text)
      web.receive({ chat, text })
    }
    const allAnswered = () => said.every((text) => answers().some((answer) => answer.includes(text)))
    await until(() => transport.status.state === 'connected')
    say('one')
    await until(allAnswered)
    for (const [index, kill] of [() => process.kill(world.pid, 'SIGKILL'), () => web.crashTab()].entries()) {
      say(`before ${index}`)
      kill()
      say(`after ${index}`)
      await until(allAnswered)
    }
    // Known by the other id now, and still one conversation.
    say('by LID', annasLid)
    await until(allAnswered)
    const words = answers().flatMap((answer) => answer.match(/one|before \d|after \d|by LID/g) ?? [])
    expect(words.toSorted()).toEqual([...said].sort())
    expect(handoffs).toEqual([])
    web.ownerWrites({ chat: anna, text: 'I take over' })
    await until(() => handoffs.length > 0)
    expect(handoffs).toEqual(['owner'])
    await bot.stop()
  },
)
