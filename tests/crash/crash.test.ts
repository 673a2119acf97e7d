import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@wa-agent/testing'
import { expect, it } from 'vitest'

const steps = [
  'after-append',
  'in-agent',
  'before-commit',
  'after-commit',
  'before-send',
  'between-send-and-record',
  'after-record',
] as const

const chats = 5
const messages = 300
/** Rounds with seven kills each; CRASH_ROUNDS asks for more. */
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 30)
const seed = 20_261_121
/** A killed process cannot write it, but all of them read what the first whole run wrote: they start in half the time. */
const cache = join(tmpdir(), 'wa-agent-crash-compile-cache')
const child = fileURLToPath(new URL('crashing-bot.child.ts', import.meta.url))

interface Reply {
  readonly inReplyTo: readonly string[]
  readonly to: string
  readonly text: string
}

/** Runs the bot until it is killed or done; resolves with whether it was killed. */
function run(folder: string, crash?: { step: string; count: number }): Promise<boolean> {
  const parameters = [
    '--in',
    join(folder, 'in.jsonl'),
    '--out',
    join(folder, 'out.jsonl'),
    '--db',
    join(folder, 'bot.db'),
  ]
  if (crash) parameters.push('--step', crash.step, '--count', String(crash.count))
  const running = spawn(process.execPath, ['--conditions=@wa-agent/source', child, ...parameters], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  })
  let complaints = ''
  running.stderr.on('data', (chunk) => {
    complaints += String(chunk)
  })
  return new Promise((resolve, reject) => {
    running.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(true)
      else if (code === 0) resolve(false)
      else reject(new Error(`The bot ended with ${code}: ${complaints}`))
    })
  })
}

/** One set of files, killed once at each step in a random order at random times, then run to the end. */
async function round(random: () => number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-crash-'))
  try {
    const inbound = Array.from({ length: messages }, (_, index) => ({
      id: `m${index}`,
      from: `chat-${Math.floor(random() * chats)}`,
      text: 'hello',
    }))
    writeFileSync(join(folder, 'in.jsonl'), inbound.map((message) => `${JSON.stringify(message)}\n`).join(''))
    const order = steps.map((step) => ({ step, at: random() })).toSorted((a, b) => a.at - b.at)
    let kills = 0
    for (const { step } of order) {
      const count = 1 + Math.floor(random() * 8)
      if (await run(folder, { step, count: step === 'after-append' ? 1 : count })) kills += 1
    }
    await run(folder)
    const out = readFileSync(join(folder, 'out.jsonl'), 'utf8').trim().split('\n')
    check(
      inbound,
      out.map((line) => JSON.parse(line) as Reply),
    )
    return kills
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function check(inbound: readonly { id: string; from: string }[], replies: readonly Reply[]): void {
  for (const chat of new Set(inbound.map((message) => message.from))) {
    const mine = replies.filter((reply) => reply.to === chat)
    const written = inbound.filter((message) => message.from === chat).map((message) => message.id)
    // Once each and in order; the session counted each turn once.
    expect(mine.flatMap((reply) => reply.inReplyTo)).toEqual(written)
    expect(mine.map((reply) => reply.text)).toEqual(written.map((id, index) => `${index + 1}: ${id}`))
  }
}

it(`answers everything once and in order, killed with SIGKILL at every step of a turn (${rounds * steps.length} times)`, async () => {
  const random = seededRandom(seed)
  let kills = 0
  let next = 0
  // Two at a time: each process is mostly waiting for its own start.
  const lane = async () => {
    while (next < rounds) {
      next += 1
      const killed = await round(random)
      kills += killed
    }
  }
  await Promise.all([lane(), lane()])
  expect(kills).toBe(rounds * steps.length)
}, 600_000)
