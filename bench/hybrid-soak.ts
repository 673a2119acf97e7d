// A day of the hybrid in minutes: 24 hours of 850 messages each, with what a day brings in every one of them: the browser dies or
// is restarted, the phone is off, the link is cut, the cloud is restarted. The memory is looked at when each hour is over.
//   npm run soak:hybrid [-- --hours 24]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startHybridWorld, until } from '@wa-agent-examples/hybrid-demo'
import { type FaultProxy, faultProxy } from '../tests/hybrid/fault-proxy.ts'
import { browsersOf, processesOf } from '../tests/system/faults.ts'

const { values } = parseArgs({ options: { hours: { type: 'string', default: '24' } } })
const hours = Number(values.hours)
const messagesPerHour = 850
const atOnce = 20
const chats = Array.from({ length: atOnce }, (_, index) => `1555000${String(index).padStart(4, '0')}@c.us`)
const program = (name: string) => fileURLToPath(new URL(`../tests/system/${name}.program.ts`, import.meta.url))
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20)

const samples: { nodeMb: number; chromiumMb: number }[] = []
let network: FaultProxy | undefined
let folder = ''
let answered = 0
{
  await using world = await startHybridWorld({
    programs: { cloud: program('cloud'), desktop: program('desktop') },
    async linkTo(port) {
      network = await faultProxy(port)
      return network.url
    },
  })
  const { web, cloud } = world
  folder = world.folder
  for (const phone of chats) web.addContact({ phone })

  const say = async (hour: number) => {
    for (let first = 0; first < messagesPerHour; first += atOnce) {
      const texts = chats.slice(0, messagesPerHour - first).map((_, index) => `${hour}:${first + index}`)
      const answers = texts.map((text) =>
        web.nextSent((sent) => sent.text === `answer to ${text}`, { timeoutMs: 60_000 }),
      )
      for (const [index, text] of texts.entries()) web.receive({ chat: chats[index] as string, text })
      answered += (await Promise.all(answers)).length
    }
  }
  const events = [
    () => {
      for (const pid of browsersOf(world)) process.kill(pid, 'SIGKILL')
    },
    async () => {
      web.goOffline()
      web.goOnline()
    },
    () => network?.cut(),
    async () => {
      await cloud.stop()
      await cloud.start()
    },
  ]
  for (let hour = 0; hour < hours; hour += 1) {
    await say(hour)
    await events[hour % events.length]?.()
    await world.ready()
    await until('nothing waits', async () => (await world.health()).queue.depth === 0)
    const said = web.sent.filter(({ text }) => text?.startsWith('answer to')).length
    if (said !== messagesPerHour)
      throw new Error(`Expected ${messagesPerHour} answers in hour ${hour + 1}, got ${said}.`)
    web.clearSent()
    const { memory } = await world.health()
    samples.push({ nodeMb: megabytes(memory.nodeBytes), chromiumMb: megabytes(memory.chromiumBytes ?? 0) })
    console.log(
      `hour ${hour + 1}: ${answered} answered, desktop ${samples.at(-1)?.nodeMb} MB, Chromium ${samples.at(-1)?.chromiumMb} MB`,
    )
  }
}
await network?.[Symbol.asyncDispose]()

// The first quarter warms up; the last quarter shows what has grown since the second.
const quarter = Math.floor(samples.length / 4)
const middle = (part: typeof samples, name: 'nodeMb' | 'chromiumMb') =>
  part.map((sample) => sample[name]).toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0
const growth = (name: 'nodeMb' | 'chromiumMb') =>
  Number((middle(samples.slice(-quarter), name) / middle(samples.slice(quarter, 2 * quarter), name)).toFixed(3))
const left = processesOf(folder).length
console.log(
  JSON.stringify({ answered, nodeGrowth: growth('nodeMb'), chromiumGrowth: growth('chromiumMb'), processesLeft: left }),
)
