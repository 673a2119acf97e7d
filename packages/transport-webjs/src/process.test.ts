import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, readlink, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { afterAll, describe, expect, test } from 'vitest'
import { makeWorld, processesWith, until, type World } from './test-world.ts'

const chromium = chromiumForTests('what becomes of browsers')
const program = fileURLToPath(new URL('keep-running.child.ts', import.meta.url))

/** Runs the program until its transport is connected. */
async function connectedProgram({ web, folder }: World, then = 'wait'): Promise<ChildProcess> {
  const settings = JSON.stringify({ sessionDir: folder, browserArgs: web.browserArgs })
  const child = spawn(process.execPath, ['--conditions=@wa-agent/source', program, settings, then], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    if ((JSON.parse(line) as { state: string }).state === 'connected') break
  }
  return child
}

const browsersOf = async ({ folder }: World, { pid }: ChildProcess) =>
  (await processesWith(folder)).filter((one) => one !== pid)

const scripts = mkdtempSync(join(tmpdir(), 'wa-agent-browsers-'))
afterAll(() => rmSync(scripts, { recursive: true }))

/** A program in the place of a browser; gives its path. */
async function command(script: string): Promise<string> {
  const path = join(scripts, `browser-${randomUUID()}`)
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return path
}

describe.skipIf(chromium === undefined || process.platform === 'win32')('a browser', { timeout: 60_000 }, () => {
  test('ends with its program, killed as that is, and the next program goes on with the session', async () => {
    await using world = await makeWorld()
    const child = await connectedProgram(world)
    if (process.platform === 'linux') expect((await browsersOf(world, child)).length).toBeGreaterThan(1)
    // Meanwhile nobody else may have the session.
    await world.transport.start(world.host)
    await until(() => world.transport.status.failures > 0)
    expect(world.transport.status.reason).toMatch(/another process has this session/)
    await world.transport.stop()

    child.kill('SIGKILL')
    await once(child, 'exit')
    await until(async () => (await browsersOf(world, child)).length === 0)
    // As the browser of another container would leave it.
    const lock = join(world.folder, 'session-default-main', 'SingletonLock')
    if (!(await readlink(lock).catch(() => undefined))) await symlink('another-host-1', lock)
    const { loads } = world.web.page
    await world.connect()
    expect(world.web.page.loads).toBe(loads + 1)
    expect(world.host.connections).not.toContain('needs-login')
  })

  test.each([
    ['ends by itself', 'exit', 7],
    ['leaves a rejection of its own unhandled, also in words of Puppeteer', 'reject', 1],
  ])('ends with its program where that %s', async (_, then, code) => {
    await using world = await makeWorld()
    const child = await connectedProgram(world, then)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(code)
    await until(async () => (await browsersOf(world, child)).length === 0)
  })

  test('that is not wanted any more while it starts breaks nothing when it is closed', async () => {
    for (let round = 0; round < 4; round += 1) {
      await using world = await makeWorld()
      await world.transport.start(world.host)
      await until(async () => (await processesWith(world.folder)).length > 0)
      await world.transport.stop()
    }
  })

  test('that can no longer be started is tried again, and the program goes on', async () => {
    const executablePath = await command('exit 0')
    await using world = await makeWorld({ transport: { executablePath } })
    await world.transport.start(world.host)
    // As while it is being updated.
    await chmod(executablePath, 0o644)
    await until(() => world.transport.status.failures > 1)
    expect(world.transport.status.reason).toBe('the browser did not start')
  })

  test('that hangs before it answers is not left behind', async () => {
    const executablePath = await command(`exec sh -c 'while :; do sleep 1; done' "$@"`)
    await using world = await makeWorld({ transport: { executablePath } })
    await world.transport.start(world.host)
    await until(async () => (await processesWith(world.folder)).length > 0)
    await world.transport.stop()
    expect(await processesWith(world.folder)).toEqual([])
  })
})
