import type { QueueJob } from '../queue.ts'

interface Grouped {
  readonly job: QueueJob
}

/** Who waits behind whom: of each group one is in work or waits for its time, the others wait for that one. */
export class GroupLines<Entry extends Grouped> {
  readonly #behind = new Map<string, Entry[]>()

  /** Whether it is the turn of this one; if not, `leave` gives it back when it is. */
  enter(entry: Entry): boolean {
    const group = groupOf(entry)
    if (group === undefined) return true
    const line = this.#behind.get(group)
    if (line) line.push(entry)
    else this.#behind.set(group, [])
    return line === undefined
  }

  /** This one is over: gives the next of its group. */
  leave(entry: Entry): Entry | undefined {
    const group = groupOf(entry)
    if (group === undefined) return undefined
    const next = this.#behind.get(group)?.shift()
    if (!next) this.#behind.delete(group)
    return next
  }

  get waiting(): readonly Entry[] {
    return [...this.#behind.values()].flat()
  }
}

function groupOf({ job: { tenant, channel, group } }: Grouped): string | undefined {
  return group === undefined ? undefined : `${tenant}/${channel}/${group}`
}
