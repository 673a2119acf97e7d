// Shows the hybrid to somebody who watches: an order, through the death of the cloud and of the browser.
import { execFileSync } from 'node:child_process'
import { type HybridWorld, startHybridWorld, until } from './world.ts'

const anna = '15550002222@c.us'
const startedMs = performance.now()

function tell(who: string, what: string): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)
  const [first = '', ...others] = what.split('\n')
  const indent = ' '.repeat(seconds.length + 2 + 12)
  process.stdout.write(
    [`${seconds}  ${who.padStart(9)} │ ${first}`, ...others.map((line) => `${indent}│ ${line}`)].join('\n'),
  )
  process.stdout.write('\n')
}

tell('', 'Starting: a simulated WhatsApp, the cloud worker, the desktop agent with its Chromium ...')
await using world = await startHybridWorld()
const { web, cloud } = world
web.addContact({ phone: anna, name: 'Anna' })
tell('', `The QR code is scanned, the desktop is linked with ${cloud.url}.`)

say('I want to order 10 boxes')
await answer()

await cloud.kill()
tell('', 'The cloud is killed in the middle of the dialogue.')
say('medium')
await until('the desktop sees that the cloud is away', async () => !(await world.health()).cloud.reachable)
tell('', 'The desktop keeps the message.')
await cloud.start()
tell('', 'The cloud is started again.')
await answer()

for (const pid of browsersOf(world)) process.kill(pid, 'SIGKILL')
tell('', 'The browser is killed; a customer writes meanwhile.')
say('How much is it?')
await answer()

await until('nothing waits', async () => (await world.health()).queue.depth === 0)
const { memory, queue } = await world.health()
tell(
  '',
  `Nothing waits, and ${queue.deadLetters === 0 ? 'nothing failed' : `${queue.deadLetters} failed`}. Memory: ${describe(memory)}.`,
)

function say(text: string): void {
  tell('Anna', text)
  web.receive({ chat: anna, text })
}

async function answer(): Promise<void> {
  const askedMs = performance.now()
  const { text } = await web.nextSent(({ chat }) => chat === anna, { timeoutMs: 90_000 })
  tell('shop', `${text}\n(after ${Math.round(performance.now() - askedMs)} ms)`)
}

/** The first process of each browser that works in the folder of the world. */
function browsersOf({ folder }: HybridWorld): number[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines
    .filter((line) => line.includes(folder) && /--user-data-dir/.test(line) && !/--type=/.test(line))
    .map(Number.parseFloat)
}

function describe({ nodeBytes, chromiumBytes }: { nodeBytes: number; chromiumBytes: number | null }): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`
  return `desktop ${megabytes(nodeBytes)}, Chromium ${megabytes(chromiumBytes ?? 0)}`
}
