import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import type { HybridWorld } from '@wa-agent-examples/hybrid-demo'
import type { Fault, FaultProxy } from '../hybrid/fault-proxy.ts'

/** Everything that may fail. */
export const troubles = ['link', 'cloud', 'desktop', 'browser', 'cloud and desktop', 'desktop and cloud'] as const
export type Trouble = (typeof troubles)[number]

const linkFaults: readonly Fault[] = ['refuse', 'error', 'garbage', 'hang', 'lose']

/** Makes one thing fail, for a while, and mends it. */
export async function fail(trouble: Trouble, world: HybridWorld, { network, random }: Chances): Promise<void> {
  const pause = () => setTimeout(200 + random() * 1300)
  switch (trouble) {
    case 'link': {
      const fault = linkFaults[Math.floor(random() * linkFaults.length)] ?? 'refuse'
      network.fault = () => (random() < 0.8 ? fault : 'pass')
      network.cut()
      await pause()
      network.fault = () => 'pass'
      network.cut()
      return
    }
    case 'cloud':
      await world.cloud.kill()
      await pause()
      return world.cloud.start()
    case 'desktop':
      await world.desktop.kill()
      await pause()
      return world.desktop.start()
    case 'browser':
      for (const pid of browsersOf(world)) process.kill(pid, 'SIGKILL')
      return
    case 'cloud and desktop':
      await Promise.all([world.cloud.kill(), world.desktop.kill()])
      await world.cloud.start()
      return world.desktop.start()
    case 'desktop and cloud':
      await Promise.all([world.cloud.kill(), world.desktop.kill()])
      await world.desktop.start()
      await pause()
      return world.cloud.start()
  }
}

export interface Chances {
  readonly network: FaultProxy
  /** 0..1 */
  readonly random: () => number
}

/** The first process of each browser that works in the folder of the world. */
export function browsersOf({ folder }: HybridWorld): number[] {
  return processesOf(folder)
    .filter((line) => line.includes('--user-data-dir') && !line.includes('--type='))
    .map((line) => Number.parseInt(line, 10))
}

/** Processes whose command names the folder, each as its id and its command. */
export function processesOf(folder: string): string[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(folder)).map((line) => line.trim())
}
