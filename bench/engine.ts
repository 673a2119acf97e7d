// The engine beside a bare hand-written loop with the same durability, each in a process of its own, in turn.
//   npm run bench:engine [-- --rounds 3]
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Figures } from './engine/workload.ts'

const { values } = parseArgs({ options: { part: { type: 'string' }, rounds: { type: 'string', default: '3' } } })

if (values.part === 'bare') {
  const { runBareLoop } = await import('./engine/bare-loop.ts')
  console.log(JSON.stringify(await runBareLoop()))
} else if (values.part === 'engine') {
  const { runWholeEngine } = await import('./engine/whole-engine.ts')
  console.log(JSON.stringify(await runWholeEngine()))
} else {
  const bare: Figures[] = []
  const engine: Figures[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    bare.push(measure('bare'))
    engine.push(measure('engine'))
  }
  console.log('                 messages/s   CPU µs/message   p50 ms   p99 ms   RSS MB   (medians)')
  report('bare loop', median(bare))
  report('whole engine', median(engine))
  const ratio = median(engine).cpuMicrosPerMessage / median(bare).cpuMicrosPerMessage
  console.log(`CPU of the engine: ${ratio.toFixed(2)} times the bare loop's`)
  console.log(JSON.stringify(median(engine)))
}

function measure(part: string): Figures {
  const parameters = [...process.execArgv, fileURLToPath(import.meta.url), '--part', part]
  const output = execFileSync(process.execPath, parameters, { encoding: 'utf8' })
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Figures
}

function median(all: readonly Figures[]): Figures {
  const middle = (pick: (figures: Figures) => number) =>
    all.map(pick).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
  return {
    messagesPerSecond: middle((figures) => figures.messagesPerSecond),
    cpuMicrosPerMessage: middle((figures) => figures.cpuMicrosPerMessage),
    p50Ms: middle((figures) => figures.p50Ms),
    p99Ms: middle((figures) => figures.p99Ms),
    rssMb: middle((figures) => figures.rssMb),
  }
}

function report(name: string, figures: Figures): void {
  const columns = [figures.messagesPerSecond, figures.cpuMicrosPerMessage, figures.p50Ms, figures.p99Ms, figures.rssMb]
  console.log(
    `${name.padEnd(14)} ${columns.map((value, index) => String(value).padStart([12, 16, 8, 8, 8][index] ?? 8)).join(' ')}`,
  )
}
