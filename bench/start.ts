// From the start of a process to its first durable answer, on the built packages, beside a bare `node -e 0`.
//   npm run bench:start [-- --rounds 15]
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } })
const program = fileURLToPath(new URL('start/first-answer.mjs', import.meta.url))
const bareMs: number[] = []
const answerMs: number[] = []
const uncachedMs: number[] = []
const rssMb: number[] = []

/** The time from here until the process has its answer out, and its memory half a second later. */
async function firstAnswer(...parameters: string[]): Promise<{ ms: number; rssMb: number }> {
  const beganMs = performance.timeOrigin + performance.now()
  const child = spawn(process.execPath, [program, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  await once(child, 'exit')
  const report = JSON.parse(output) as { firstAnswerMs: number; rssMb: number; startedAtMs: number }
  return { ms: report.startedAtMs + report.firstAnswerMs - beganMs, rssMb: report.rssMb }
}

await firstAnswer()
for (let round = 0; round < Number(values.rounds); round += 1) {
  const beganMs = performance.now()
  execFileSync(process.execPath, ['-e', '0'])
  bareMs.push(performance.now() - beganMs)
  const { ms, rssMb: memory } = await firstAnswer()
  answerMs.push(ms)
  rssMb.push(memory)
  uncachedMs.push((await firstAnswer('--no-cache')).ms)
}

const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
const ratio = median(answerMs) / median(bareMs)
console.log(`bare node             ${median(bareMs).toFixed(0)} ms (median of ${bareMs.length})`)
console.log(
  `first durable answer  ${median(answerMs).toFixed(0)} ms, ${ratio.toFixed(2)} times bare node, with Node's compile cache`,
)
console.log(
  `  without the cache   ${median(uncachedMs).toFixed(0)} ms, ${(median(uncachedMs) / median(bareMs)).toFixed(2)} times bare node`,
)
console.log(`memory at idle        ${median(rssMb).toFixed(0)} MB`)
console.log(
  JSON.stringify({
    bareMs: Math.round(median(bareMs)),
    firstAnswerMs: Math.round(median(answerMs)),
    ratioToBare: Math.round(ratio * 100) / 100,
    rssMb: Math.round(median(rssMb)),
  }),
)
