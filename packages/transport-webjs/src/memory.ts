import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A process, its parent, and what it takes of the memory. */
export interface ProcessShare {
  readonly pid: number
  readonly parent: number
  readonly bytes: number
}

/**
 * What a process and all below it take of the memory; `undefined` where this system does not tell (Windows). On Linux what
 * several share is counted once.
 */
export async function memoryOfTree(pid: number, platform = process.platform): Promise<number | undefined> {
  try {
    if (platform === 'linux') return await linuxTree(pid)
    if (platform === 'win32') return undefined
    const { stdout } = await run('ps', ['-axo', 'pid=,ppid=,rss='])
    return sumOfTree(pid, parsePs(stdout))
  } catch {
    return undefined
  }
}

/** The lines of `ps -o pid=,ppid=,rss=`. */
export function parsePs(output: string): ProcessShare[] {
  return output.split('\n').flatMap((line) => {
    const [pid = 0, parent = 0, kilobytes = 0] = line.trim().split(/\s+/).map(Number)
    return pid > 0 ? [{ pid, parent, bytes: kilobytes * 1024 }] : []
  })
}

export function sumOfTree(root: number, shares: readonly ProcessShare[]): number | undefined {
  const tree = treeOf(root, shares)
  return tree.length === 0 ? undefined : tree.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** The process and all below it. */
export function treeOf<Process extends Pick<ProcessShare, 'pid' | 'parent'>>(root: number, all: readonly Process[]) {
  const tree = all.filter(({ pid }) => pid === root)
  for (const one of tree)
    tree.push(...all.filter(({ parent, pid }) => parent === one.pid && !tree.some((had) => had.pid === pid)))
  return tree
}

async function linuxTree(root: number): Promise<number | undefined> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const all = await Promise.all(pids.map(async (pid) => ({ pid, parent: await parentOf(pid) })))
  const tree = treeOf(root, all)
  const shares = await Promise.all(tree.map(({ pid }) => proportionalBytes(pid)))
  return tree.length === 0 ? undefined : shares.reduce((sum, bytes) => sum + bytes, 0)
}

/** Processes come and go while we look. */
const textOf = (path: string) => readFile(path, 'utf8').catch(() => '')

async function parentOf(pid: number): Promise<number> {
  const stat = await textOf(`/proc/${pid}/stat`)
  // The name in parentheses may hold anything, so what counts begins behind the last one.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

async function proportionalBytes(pid: number): Promise<number> {
  const rollup = await textOf(`/proc/${pid}/smaps_rollup`)
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]
  if (kilobytes !== undefined) return Number(kilobytes) * 1024
  const status = await textOf(`/proc/${pid}/status`)
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}
