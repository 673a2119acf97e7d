import { fileURLToPath } from 'node:url'
import { seededRandom } from '@wa-agent/testing'
import { findChromium } from '@wa-agent/testing/whatsapp-web'
import { type HybridWorld, startHybridWorld, until } from '@wa-agent-examples/hybrid-demo'
import { expect, test } from 'vitest'
import { type FaultProxy, faultProxy } from '../hybrid/fault-proxy.ts'
import { fail, processesOf, troubles } from './faults.ts'

const chromium = findChromium()
const program = (name: string) => fileURLToPath(new URL(`${name}.program.ts`, import.meta.url))
/** HYBRID_TROUBLES and HYBRID_SEED ask for more, and for others. */
const count = Number(process.env['HYBRID_TROUBLES'] ?? troubles.length * 2)
const seed = Number(process.env['HYBRID_SEED'] ?? 20_261_121)
const messages = 1000
const chats = Array.from({ length: 20 }, (_, index) => `1555000${String(index).padStart(4, '0')}@c.us`)

/** Says so many messages, each in the chat whose turn it is. */
function talker({ web }: HybridWorld) {
  let said = 0
  return (times: number) => {
    for (let end = Math.min(messages, said + times); said < end; said += 1) {
      web.receive({ chat: chats[said % chats.length] as string, text: `message ${said}` })
    }
    return said < messages
  }
}

test.skipIf(!chromium)(
  'whatever fails, each of a thousand messages is answered once, and those of a chat in order',
  { timeout: 60_000 + count * 30_000 },
  async () => {
    const random = seededRandom(seed)
    let network: FaultProxy | undefined
    const linkTo = async (port: number) => {
      network = await faultProxy(port)
      return network.url
    }
    let folder = ''
    {
      await using world = await startHybridWorld({
        linkTo,
        programs: { cloud: program('cloud'), desktop: program('desktop') },
      })
      folder = world.folder
      for (const phone of chats) world.web.addContact({ phone })
      const say = talker(world)
      const share = Math.ceil(messages / (count + 1))
      for (let index = 0; index < count; index += 1) {
        say(Math.floor(share / 2))
        // While these are on their way.
        const failing = fail(troubles[index % troubles.length] ?? 'link', world, {
          network: network as FaultProxy,
          random,
        })
        say(Math.ceil(share / 2))
        await failing
      }
      while (say(share));
      const answered = () => world.web.sent.filter(({ text }) => text?.startsWith('answer to'))
      await until('all are answered', () => new Set(answered().map(({ text }) => text)).size === messages, 120_000)
      await until('nothing waits', async () => (await world.health()).queue.depth === 0)
      expect(answered()).toHaveLength(messages)
      for (const chat of chats) {
        const numbers = answered()
          .filter((sent) => sent.chat === chat)
          .map(({ text }) => Number(text?.split(' ').at(-1)))
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      }
      expect((await world.health()).queue.deadLetters).toBe(0)
    }
    await network?.[Symbol.asyncDispose]()
    expect(processesOf(folder)).toEqual([])
  },
)
