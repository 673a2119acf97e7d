import { lstat, mkdtemp, readdir, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { virtualClock } from '@wa-agent/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LockMachine, lockProfile, type ProfileLock } from './profile-lock.ts'

const clock = virtualClock()
let folder: string
const locks: ProfileLock[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wa-agent-lock-'))
})

afterEach(async () => {
  for (const one of locks.splice(0)) await one.release()
  await rm(folder, { recursive: true, force: true })
})

/** A machine on which these processes are alive. */
const machine = (alive: readonly number[], fields: Partial<LockMachine> = {}): LockMachine => ({
  host: 'here',
  pid: 100,
  isAlive: (pid) => alive.includes(pid),
  commandOf: async () => `chromium --user-data-dir=/some/where/${basename(folder)}`,
  ...fields,
})

async function lock(on: LockMachine = machine([100])): Promise<ProfileLock> {
  const one = await lockProfile(folder, { clock, machine: on })
  locks.push(one)
  return one
}

const mine = () => join(folder, 'wa-agent.lock')
const inUse = { name: 'ProfileInUseError' }

describe('a profile', () => {
  test('belongs to one at a time, and is free again once it is released', async () => {
    const first = await lock()
    await expect(lock()).rejects.toMatchObject(inUse)
    await first.release()
    await lock()
  })

  test.each([
    ['of a living process of this host', '200 here', machine([100, 200])],
    ['of another host', '1 elsewhere', machine([100])],
  ])('%s is not taken', async (_, content, on) => {
    await writeFile(mine(), content)
    await expect(lock(on)).rejects.toMatchObject(inUse)
  })

  test.each([
    ['of a dead process of this host', '200 here', machine([100])],
    // In a container the id is the same after every restart.
    ['of our own id, from before', '100 here', machine([100])],
    ['that says nothing', '', machine([100])],
  ])('%s is taken over', async (_, content, on) => {
    await writeFile(mine(), content)
    if (content === '') await utimes(mine(), 0, 0)
    await lock(on)
  })

  test('of another host that was not touched for a while is taken over', async () => {
    await writeFile(mine(), '1 elsewhere')
    await utimes(mine(), 0, 0)
    await lock()
  })

  test('is touched for as long as it is held', async () => {
    const one = await lock()
    await utimes(mine(), 0, 0)
    await clock.advance(20_000)
    await expect.poll(async () => (await lstat(mine())).mtimeMs).toBeGreaterThan(0)
    await one.release()
    expect(clock.timers).toBe(0)
  })

  test("is cleared of Chromium's lock where that names a dead process or another host, and only then", async () => {
    const chromiumLock = join(folder, 'SingletonLock')
    for (const target of ['here-300', 'another-host-1']) {
      await symlink(target, chromiumLock)
      await writeFile(join(folder, 'SingletonCookie'), '')
      const one = await lock()
      expect((await readdir(folder)).filter((name) => name.startsWith('Singleton'))).toEqual([])
      await one.release()
    }
    await symlink('here-300', chromiumLock)
    await expect(lock(machine([100, 300]))).rejects.toMatchObject(inUse)
    expect(await readlink(chromiumLock)).toBe('here-300')
  })

  test("is cleared of Chromium's lock where its process id is another program's by now", async () => {
    await symlink('here-300', join(folder, 'SingletonLock'))
    await expect(lock(machine([300], { commandOf: async () => undefined }))).rejects.toMatchObject(inUse)
    await lock(machine([300], { commandOf: async () => '/usr/sbin/cron\0-f\0' }))
    expect(await readdir(folder)).toEqual(['wa-agent.lock'])
  })

  test('is taken from a lock that names a process of this machine which is no browser', async () => {
    await symlink(`${hostname()}-${process.pid}`, join(folder, 'SingletonLock'))
    locks.push(await lockProfile(folder, { clock }))
    expect(await readdir(folder)).toEqual(['wa-agent.lock'])
  })

  test('that cannot be written says so', async () => {
    await writeFile(join(folder, 'file'), '')
    const taking = lockProfile(join(folder, 'file', 'session'), { clock, machine: machine([]) })
    await expect(taking).rejects.toThrow(/cannot be written \(ENOTDIR\)/)
  })

  test('that could not be taken leaves nothing of ours behind', async () => {
    await symlink('here-300', join(folder, 'SingletonLock'))
    await expect(lock(machine([100, 300]))).rejects.toMatchObject(inUse)
    expect(await readdir(folder)).toEqual(['SingletonLock'])
    await lock()
  })
})
