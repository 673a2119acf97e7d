import { execFile } from 'node:child_process'
import { mkdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '@wa-agent/core'

/** A profile that belongs to this process until it is released. */
export interface ProfileLock {
  release(): Promise<void>
}

/** The machine as the lock sees it. */
export interface LockMachine {
  readonly host: string
  readonly pid: number
  readonly isAlive: (pid: number) => boolean
  /** What a process was started with; `undefined` where the system does not tell. */
  readonly commandOf: (pid: number) => Promise<string | undefined>
}

const thisMachine: LockMachine = {
  host: hostname(),
  pid: process.pid,
  isAlive(pid) {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // It is there, and belongs to somebody else.
      return codeOf(error) === 'EPERM'
    }
  },
  async commandOf(pid) {
    try {
      if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8')
      return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout
    } catch {
      return undefined
    }
  },
}

/** The owner touches its lock so often; one that was not touched for three times as long belongs to nobody. */
export const touchEveryMs = 20_000
const abandonedMs = 3 * touchEveryMs

/** Profiles of this very process: its own id in a lock does not tell who of it has them. */
const held = new Set<string>()

/** What another process has. */
export class ProfileInUseError extends Error {
  override readonly name = 'ProfileInUseError'
}

/** A folder in which nothing can be written. */
export class ProfileUnusableError extends Error {
  override readonly name = 'ProfileUnusableError'
}

/**
 * Takes a profile: two browsers on one profile break its databases. Rejects with a `ProfileInUseError` while another process
 * has it, also on another host that has the same volume; what a dead process left behind is cleared away, Chromium's own
 * lock included. Rejects with a `ProfileUnusableError` where it cannot be written.
 */
export async function lockProfile(
  folder: string,
  { clock, machine = thisMachine }: { readonly clock: Clock; readonly machine?: LockMachine },
): Promise<ProfileLock> {
  if (held.has(folder)) throw new ProfileInUseError('another transport of this process has this session')
  held.add(folder)
  const path = join(folder, 'wa-agent.lock')
  try {
    // What is in there is as good as the phone.
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await take(path, machine)
  } catch (error) {
    held.delete(folder)
    const code = codeOf(error)
    if (typeof code !== 'string') throw error
    const words = `the folder of the session cannot be written (${code}). Correct \`sessionDir\`, or what may be done there`
    throw new ProfileUnusableError(words, { cause: error })
  }
  const release = async () => {
    await rm(path, { force: true })
    held.delete(folder)
  }
  try {
    await clearChromiumLock(folder, machine)
  } catch (error) {
    await release()
    throw error
  }
  const stopTouching = repeat(clock, touchEveryMs, () => {
    const now = new Date()
    // Where the profile was deleted meanwhile there is nothing to keep.
    void utimes(path, now, now).catch(() => undefined)
  })
  return {
    async release() {
      stopTouching()
      await release()
    },
  }
}

async function take(path: string, machine: LockMachine): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await writeFile(path, `${machine.pid} ${machine.host}\n`, { flag: 'wx' })
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt > 3) throw error
    }
    if (await isOwned(path, machine)) {
      throw new ProfileInUseError('another process has this session. Stop it, or give this one another `sessionDir`')
    }
    await rm(path, { force: true })
  }
}

async function isOwned(path: string, { host, pid, isAlive }: LockMachine): Promise<boolean> {
  const [text, touchedMs] = await Promise.all([
    readFile(path, 'utf8').catch(() => ''),
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  ])
  const [ownerPid = 0, ownerHost = ''] = [Number.parseInt(text, 10), text.trim().split(' ')[1]]
  // In a container the id is the same after every restart: what has our own is what we left behind.
  if (ownerHost === host && (ownerPid === pid || !isAlive(ownerPid))) return false
  // Files are stamped by the machine's clock, not by the one that is passed in.
  return Date.now() - touchedMs < abandonedMs
}

/**
 * Chromium's lock is a link that names host and process. It takes over what a dead process of this host left, but not what
 * another host left, such as the container before this one. Ours is held, so nobody of us runs a browser here.
 */
async function clearChromiumLock(folder: string, machine: LockMachine): Promise<void> {
  const target = await readlink(join(folder, 'SingletonLock')).catch(() => undefined)
  if (target === undefined) return
  const dash = target.lastIndexOf('-')
  const isHere = target.slice(0, dash) === machine.host
  if (isHere && (await isBrowserOf(folder, Number(target.slice(dash + 1)), machine))) {
    throw new ProfileInUseError('a browser still runs on this session. Close it')
  }
  const names = ['SingletonLock', 'SingletonCookie', 'SingletonSocket']
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })))
}

/** After a power cut the id may be somebody else's by now, and Chromium's lock has no time in it. */
async function isBrowserOf(folder: string, pid: number, { isAlive, commandOf }: LockMachine): Promise<boolean> {
  return isAlive(pid) && ((await commandOf(pid))?.includes(basename(folder)) ?? true)
}

function repeat(clock: Clock, everyMs: number, work: () => void): () => void {
  let cancel = () => {}
  const again = () => {
    cancel = clock.after(everyMs, () => {
      work()
      again()
    })
  }
  again()
  return () => cancel()
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
