import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { checkAnswers } from './checks.ts'
import { acceptedOf, insist, lanesOf, shuffled, talk } from './load.ts'
import { providers } from './providers.ts'
import { isIdle, type KeptReply, readRecords } from './records.ts'
import { type Blow, RevivedWorker } from './revived-worker.ts'
import { credentials, environmentOf } from './settings.ts'
import { type Sent, type Sink, startSink } from './sink.ts'
import { until } from './until.ts'

/** Rounds with three kills each; CRASH_ROUNDS asks for more. */
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 6)
const killsInRound = 3
const seed = 20_261_122
const moments = ['before-answer', 'after-answer', 'on-webhook'] as const

function blowsOf(random: () => number): Blow[] {
  return Array.from({ length: killsInRound }, () => ({
    at: moments[Math.floor(random() * moments.length)] ?? 'on-webhook',
    count: 1 + Math.floor(random() * 12),
  }))
}

/** Kills the worker around the answer to a send. */
function watch(sink: Sink, worker: RevivedWorker): void {
  sink.beforeAnswer = () => {
    if (worker.passes('before-answer')) return
    setImmediate(() => worker.passes('after-answer'))
  }
}

/** Tells the worker, as providers do and in any order, what became of everything that they accepted. */
async function confirm(
  sink: Sink,
  worker: RevivedWorker,
  { isOver, random }: { readonly isOver: () => boolean; readonly random: () => number },
): Promise<void> {
  for (let told = 0; ; ) {
    await until('more was sent, or it is over', () => sink.sent.length > told || isOver(), 60_000)
    const fresh = sink.sent.slice(told)
    if (fresh.length === 0) return
    told += fresh.length
    for (const provider of Object.values(providers)) {
      const mine = fresh.filter((one) => one.provider === provider.name)
      if (mine.length === 0) continue
      const echoes = mine.flatMap((one) => provider.echo?.(one) ?? [])
      const bodies = [...echoes, ...provider.statuses(mine, 'delivered'), ...provider.statuses(mine, 'sent')]
      for (const json of shuffled(bodies, random)) await insist(worker, provider, json)
    }
  }
}

/**
 * A person looks at what is held, none of which went out where the provider tells, and says it again. Resolves with the ids of
 * what was said again.
 */
async function decide(database: string, sent: readonly Sent[], url: string): Promise<Set<string>> {
  const { replies } = readRecords(database)
  const said = new Set<string>()
  const headers = { 'x-api-key': credentials.adminKey }
  for (const reply of replies.filter(({ status }) => status === 4)) {
    const isKnown = sent.some(
      (one) => (one.provider === reply.channel && one.replyId === reply.id) || isSame(one, reply),
    )
    expect(isKnown, `a reply is held that ${reply.channel} has told about`).toBe(false)
    const response = await fetch(`${url}/api/dead-letters/r${reply.seq}/retry`, { method: 'POST', headers })
    expect(response.status).toBe(204)
    said.add(reply.id)
  }
  return said
}

/** Whether the words are the same, in the same chat. */
function isSame({ provider, to, body }: Sent, { channel, chat, message }: KeptReply): boolean {
  return provider === channel && to === chat && body['message'] === message.text
}

async function round(number: number) {
  const random = seededRandom(seed + number)
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-killed-'))
  const database = join(folder, 'worker.db')
  try {
    await using sink = await startSink()
    await using worker = new RevivedWorker(environmentOf(sink.url, database), blowsOf(random))
    watch(sink, worker)
    const lanes = lanesOf(number)
    let isOver = false
    const confirming = confirm(sink, worker, { isOver: () => isOver, random })
    // It is awaited below; until then it may fail.
    confirming.catch(() => undefined)
    const deliveries = await Promise.all(lanes.map((lane) => talk(worker, lane, random)))
    while (!worker.isSpared) {
      await worker.running()
      worker.kill()
    }
    const { url, stop } = await worker.running()
    await until('all is answered', () => isIdle(database))
    isOver = true
    await confirming
    const late = await decide(database, sink.sent, url)
    await until('all is answered again', () => isIdle(database))
    const { code, stderr } = await stop()
    expect([code, stderr]).toEqual([0, ''])
    expect(sink.refused).toEqual([])
    const accepted = lanes.flatMap(acceptedOf)
    checkAnswers(database, { accepted, sent: sink.sent, late })
    const posted = deliveries.reduce((total, one) => total + one, 0)
    return { messages: accepted.length, posted, kills: worker.kills, late: late.size, sent: sink.sent.length }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test(`answers everything once and in order, killed with SIGKILL ${rounds * killsInRound} times under load`, async () => {
  let kills = 0
  let next = 0
  // Two at a time: each process is mostly waiting for its own start.
  const lane = async () => {
    while (next < rounds) {
      next += 1
      const result = await round(next)
      if (process.env['FIGURES']) process.stderr.write(`${JSON.stringify(result)}\n`)
      kills += result.kills
    }
  }
  await Promise.all([lane(), lane()])
  expect(kills).toBe(rounds * killsInRound)
}, 600_000)
