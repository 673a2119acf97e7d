import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { environmentOf } from './settings.ts'
import { startWorker } from './worker.ts'

const withinMs = 20_000
const folder = mkdtempSync(join(tmpdir(), 'wa-agent-npm-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a script of the repository, and sends `signals` to npm, and to nobody else, once `ready` was written. */
async function runScript(script: string, ready: string, signals: readonly NodeJS.Signals[]) {
  const { PATH, HOME, TMPDIR } = process.env
  const own = Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined)
  const database = join(folder, `${script.replace(':', '-')}.db`)
  // Without the scripts before it, which install what is there already.
  const npm = spawn('npm', ['run', '--ignore-scripts', script], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...Object.fromEntries(own), ...environmentOf('http://127.0.0.1:9', database), NO_UPDATE_NOTIFIER: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  let written = ''
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasReady = written.includes(ready)
    written += text
    if (!wasReady && written.includes(ready)) for (const signal of signals) npm.kill(signal)
  })
  // With its group, so that nothing is left over.
  const late = setTimeout(() => process.kill(-(npm.pid ?? 0), 'SIGKILL'), withinMs)
  // It is closed when npm has ended, and the last process that can write to its output.
  const code = await new Promise((resolve) => npm.once('close', resolve))
  clearTimeout(late)
  return { code, written }
}

const ended = { code: 0, written: expect.stringMatching(/stopping: what is in work is finished/i) }

test.skipIf(process.platform === 'win32')(
  'SIGTERM to npm stops the worker in order, and npm waits for it',
  async () => {
    expect(await runScript('example:cloud-worker', 'the worker is ready', ['SIGTERM'])).toEqual(ended)
  },
)

test.skipIf(process.platform === 'win32')('SIGTERM to `npm start` stops the shop in order', async () => {
  expect(await runScript('start', 'The shop is open', ['SIGTERM'])).toEqual(ended)
})

test('a signal that comes twice, as Ctrl-C under npm does, cuts nothing off', async () => {
  await using worker = await startWorker(environmentOf('http://127.0.0.1:9', join(folder, 'twice.db')))
  const stopped = worker.stop()
  void worker.stop()
  const { code, signal, stdout } = await stopped
  expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: expect.stringContaining('stopping') })
})
