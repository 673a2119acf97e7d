// What the hybrid adds to an answer: from the moment that a message is in the page of WhatsApp Web until the page is asked to
// send the answer, through Chromium, desktop, HTTP, cloud and back. The agent takes no time.
//   npm run bench:hybrid [-- --messages 500]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startHybridWorld } from '@wa-agent-examples/hybrid-demo'

const { values } = parseArgs({ options: { messages: { type: 'string', default: '500' } } })
const measured = Number(values.messages)
const warmUp = 50
const customers = 20
const program = (name: string) => fileURLToPath(new URL(`../tests/system/${name}.program.ts`, import.meta.url))

await using world = await startHybridWorld({ programs: { cloud: program('cloud'), desktop: program('desktop') } })
const chats = Array.from({ length: customers }, (_, index) => `1555000${String(index).padStart(4, '0')}@c.us`)
for (const phone of chats) world.web.addContact({ phone })

const latencies: number[] = []
for (let index = 0; index < warmUp + measured; index += 1) {
  const chat = chats[index % customers] as string
  const sentAtMs = performance.now()
  const answer = world.web.nextSent(({ text }) => text === `answer to message ${index}`)
  world.web.receive({ chat, text: `message ${index}` })
  await answer
  if (index >= warmUp) latencies.push(performance.now() - sentAtMs)
}
latencies.sort((a, b) => a - b)
const quantile = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1))
console.log(
  JSON.stringify({ messages: measured, p50Ms: quantile(0.5), p99Ms: quantile(0.99), mostMs: quantile(0.9999) }),
)
