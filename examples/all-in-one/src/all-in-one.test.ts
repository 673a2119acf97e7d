import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@wa-agent/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('index.ts', import.meta.url))
const customers = fileURLToPath(new URL('../fixtures/customers.jsonl', import.meta.url))
/** Where nobody can make a folder, whoever runs the test. */
const unwritable = existsSync('/proc') ? '/proc/wa-agent/data' : `${program}/data`
let folder: string
let children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wa-agent-all-in-one-'))
})

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  children = []
  rmSync(folder, { recursive: true })
})

interface Running {
  readonly child: ChildProcess
  readonly output: () => string
  /** Resolves when the output matches. */
  saw(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<number | null>
}

/** Runs the example as `npm start` does, with an environment of its own. */
function run(parameters: readonly string[], environment: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ['--conditions=@wa-agent/source', program, ...parameters], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let text = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += String(chunk)
      for (const listener of listeners) listener()
    })
  }
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return {
    child,
    output: () => text,
    ended,
    saw(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(text)
          if (match) resolve(match)
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`ended without ${pattern}: ${text}`)))
      })
    },
  }
}

interface Reply {
  readonly id: string
  readonly inReplyTo: readonly string[]
  readonly to: string
  readonly text: string
}

function linesOf<Line>(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

describe('the shop over HTTP', () => {
  async function open(environment: Record<string, string> = {}) {
    const running = run([], { PORT: '0', DATABASE: join(folder, 'shop.db'), ...environment })
    const [, url] = await running.saw(/(http:\/\/localhost:\d+)\/health/)
    const chat = async (body: unknown) => {
      const response = await fetch(`${url}/chat`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    return { running, url, chat }
  }

  it('answers with what was understood, and keeps the conversation', async () => {
    const { url, chat } = await open()
    const first = await chat({ message: 'I want to order 10 boxes', userId: 'anna' })
    expect(first).toMatchObject({ status: 200, body: { intent: 'order', agent: 'orders', decidedBy: 'examples' } })
    expect(first.body['reply']).toMatch(/which size/i)
    expect(first.body['confidence']).toBeGreaterThan(0.3)
    expect(first.body['durationMs']).toBeGreaterThan(0)
    const second = await chat({ message: 'medium', userId: 'anna' })
    expect(second.body['agent']).toBe('orders')
    const health = (await (await fetch(`${url}/health`)).json()) as Record<string, unknown>
    expect(health).toMatchObject({ status: 'ok', pendingMessages: 0, deadLetters: 0 })
  })

  it('says what is wrong with a request', async () => {
    const { url, chat } = await open()
    expect(await chat('{"message":')).toMatchObject({ status: 400, body: { title: 'Bad Request', status: 400 } })
    expect(await chat({ userId: 'anna' })).toMatchObject({ status: 400 })
    expect(await chat({ message: 'x'.repeat(2_000_000) })).toMatchObject({ status: 413 })
    expect((await fetch(`${url}/chat`)).status).toBe(405)
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404)
    expect((await fetch(`${url}//[`)).status).toBe(404)
  })

  it('logs no message text, and ends well on SIGTERM', async () => {
    const { running, chat } = await open()
    await chat({ message: 'do you have very secret boxes', userId: 'anna' })
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(running.output()).toContain('turn committed')
    expect(running.output()).not.toContain('very secret')
  })

  it('says which setting is wrong where nothing can be written', async () => {
    const running = run([], { PORT: '0', DATABASE: `${unwritable}/shop.db` })
    expect(await running.ended).toBe(1)
    expect(running.output()).toMatch(/folder .* cannot be made.* DATABASE/)
  })

  it('refuses wrong settings, all at once', async () => {
    const running = run([], { PORT: 'eighty', LOG_LEVEL: 'loud' })
    expect(await running.ended).toBe(1)
    expect(running.output()).toMatch(/PORT[\s\S]*LOG_LEVEL/)
  })
})

describe('a replay', () => {
  const inbound = linesOf<{ id: string; from: string; text: string }>(customers)

  it('answers every line once and in order, and sums it up', async () => {
    const out = join(folder, 'out.jsonl')
    const running = run(['--replay', customers, '--out', out, '--db', join(folder, 'replay.db')])
    expect(await running.ended).toBe(0)
    const replies = linesOf<Reply>(out)
    expect(replies.flatMap((reply) => reply.inReplyTo).toSorted()).toEqual(inbound.map((line) => line.id).toSorted())
    expect(running.output()).toMatch(
      /200 answered[\s\S]*turns +200[\s\S]*decided by +rules \d+, examples \d+[\s\S]*p50 [\d.]+ ms, p99/,
    )
    const again = run(['--replay', customers, '--out', out, '--db', join(folder, 'replay.db')])
    expect(await again.ended).toBe(0)
    expect(again.output()).toContain('200 known from an earlier run')
    expect(linesOf<Reply>(out)).toHaveLength(replies.length)
  })

  it('ends with each message answered once, however often it is killed', async () => {
    const random = seededRandom(7)
    const out = join(folder, 'out.jsonl')
    const parameters = ['--replay', customers, '--out', out, '--db', join(folder, 'replay.db')]
    for (let kill = 0; kill < 4; kill += 1) {
      const running = run(parameters)
      const lines = 1 + Math.floor(random() * 60) + kill * 30
      const watching = new AbortController()
      await Promise.race([running.ended, grown(out, { lines, signal: watching.signal })])
      watching.abort()
      running.child.kill('SIGKILL')
      await running.ended
    }
    expect(await run(parameters).ended).toBe(0)
    const answered = linesOf<Reply>(out).flatMap((reply) => reply.inReplyTo)
    expect(answered.toSorted()).toEqual(inbound.map((line) => line.id).toSorted())
    for (const sender of new Set(inbound.map((line) => line.from))) {
      const mine = linesOf<Reply>(out).filter((reply) => reply.to === sender)
      expect(mine.flatMap((reply) => reply.inReplyTo)).toEqual(
        inbound.filter((line) => line.from === sender).map((line) => line.id),
      )
    }
  })

  it('reports bad lines by number and answers the others', async () => {
    const path = join(folder, 'in.jsonl')
    const lines = [
      '{"text": "hello"}',
      'not json',
      '{"id": "a"}',
      '',
      '[]',
      '{"__proto__": {"text": 1}, "text": "stop"}',
      '{"text": "‮olleh 🧑‍🤝‍🧑 \\ud800 \\u200b"}',
    ]
    writeFileSync(path, `\ufeff${lines.join('\r\n')}`)
    const running = run(['--replay', path])
    expect(await running.ended).toBe(0)
    for (const number of [2, 3, 5]) expect(running.output()).toContain(`${path}:${number}: `)
    const replies = linesOf<Reply>(join(folder, 'data/in.replies.jsonl'))
    expect(replies.flatMap((reply) => reply.inReplyTo).toSorted()).toEqual(['line-1', 'line-6', 'line-7'])
  })

  it('answers a line that has an id also where a line without one would be called so', async () => {
    const path = join(folder, 'in.jsonl')
    writeFileSync(path, '{"text": "hello"}\n{"text": "hi"}\n{"id": "line-1", "text": "good morning"}\n')
    for (const known of [0, 3]) {
      const running = run(['--replay', path])
      expect(await running.ended).toBe(0)
      if (known > 0) expect(running.output()).toContain(`${known} known from an earlier run`)
      const replies = linesOf<Reply>(join(folder, 'data/in.replies.jsonl'))
      expect(replies.flatMap((reply) => reply.inReplyTo).toSorted()).toEqual(['line-1', 'line-1-2', 'line-2'])
    }
  })

  it('makes turns of bursts when asked to', async () => {
    const path = join(folder, 'in.jsonl')
    writeFileSync(
      path,
      ['hi', 'are you there', 'do you have boxes?'].map((text) => JSON.stringify({ from: 'anna', text })).join('\n'),
    )
    const running = run(['--replay', path, '--coalesce'])
    expect(await running.ended).toBe(0)
    expect(linesOf<Reply>(join(folder, 'data/in.replies.jsonl'))).toMatchObject([
      { inReplyTo: ['line-1', 'line-2', 'line-3'] },
    ])
  })

  it.each([
    [['--replay', 'nothing.jsonl'], /nothing\.jsonl/],
    [['--out', 'x.jsonl'], /--replay/],
    [['--replay', customers, '--out', 'same', '--db', 'same'], /three different files/],
    [['--sideways'], /sideways/],
    [['--replay', customers, '--out', `${unwritable}/out.jsonl`], /`out`.*out\.jsonl/],
    [['--replay', customers, '--db', `${unwritable}/replay.db`], /folder .* cannot be made.* --db/],
  ])('says what is wrong with %j', async (parameters, message) => {
    const running = run(parameters)
    expect(await running.ended).toBe(1)
    expect(running.output()).toMatch(message)
    expect(running.output()).not.toMatch(/^\s+at /m)
  })
})

/** Resolves when the file has so many lines, or when `signal` is aborted. Looks whenever the folder changes. */
async function grown(path: string, { lines, signal }: { lines: number; signal: AbortSignal }): Promise<void> {
  try {
    for await (const _ of watch(dirname(path), { signal })) {
      if (existsSync(path) && readFileSync(path, 'utf8').split('\n').length > lines) return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
