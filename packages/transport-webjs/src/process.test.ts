import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { describe, expect, test } from 'vitest'
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
})
