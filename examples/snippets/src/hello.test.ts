import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const example = fileURLToPath(new URL('hello.ts', import.meta.url))

test('the example of the README answers, each time that it is run', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'wa-agent-hello-'))
  try {
    for (const time of ['first', 'second']) {
      const { stdout } = await run(process.execPath, ['--conditions=@wa-agent/source', example], { cwd })
      expect(stdout, `the ${time} time`).toBe('Hello! How can I help?\n')
    }
    expect(await readdir(cwd)).toContain('bot.db')
  } finally {
    await rm(cwd, { recursive: true })
  }
})
