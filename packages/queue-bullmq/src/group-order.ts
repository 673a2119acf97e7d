import { randomBytes } from 'node:crypto'
import type { QueueJob } from '@wa-agent/core'
import type { Redis } from 'ioredis'

/** A job of a group that has not come after so long was never published: its process died in between. */
const graceMs = 10_000

/** Whether a job is the first of its group; forgets those before it that are over, e.g. given up by BullMQ, or removed. */
const isFirstScript = `
  while true do
    local first = redis.call('LINDEX', KEYS[1], 0)
    if not first or first == ARGV[1] then return 1 end
    local isOver = redis.call('ZSCORE', ARGV[2] .. 'failed', first) or redis.call('ZSCORE', ARGV[2] .. 'completed', first)
    if not isOver and redis.call('EXISTS', ARGV[2] .. first) == 0 then
      local at = tonumber(string.match(first, '^%d+'))
      isOver = at and tonumber(ARGV[3]) - at > ${graceMs}
    end
    if isOver then redis.call('LPOP', KEYS[1])
    elseif redis.call('LPOS', KEYS[1], ARGV[1]) then return 0
    else return 1 end
  end`

const leaveScript = `
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  return redis.call('LINDEX', KEYS[1], 0)`

/** A job, and the id under which BullMQ has it. */
export interface GroupedJob {
  readonly id: string
  readonly job: QueueJob
}

/**
 * The order of jobs in their groups: a list of ids beside the jobs, for each group. A list that is lost with Redis' memory is
 * lost with its jobs.
 */
export class GroupOrder {
  readonly #redis: Redis
  readonly #keyOf: (name: string) => string

  /** `keyOf` makes the keys of the queue, as BullMQ's `toKey`. */
  constructor(redis: Redis, keyOf: (name: string) => string) {
    this.#redis = redis
    this.#keyOf = keyOf
  }

  /** An id for a job of a group: BullMQ's own are known too late. */
  createId(): string {
    return `${Date.now()}-${randomBytes(6).toString('hex')}`
  }

  /** Puts jobs behind all others of their groups, before they are published. Resolves with those that have to wait. */
  async enter(jobs: readonly GroupedJob[]): Promise<ReadonlySet<string>> {
    const idsOf = new Map<string, string[]>()
    for (const { id, job } of jobs) {
      const key = this.#listOf(job)
      if (key === undefined) continue
      const ids = idsOf.get(key)
      if (ids) ids.push(id)
      else idsOf.set(key, [id])
    }
    const waiting = new Set<string>()
    const enterOne = async ([key, ids]: [string, string[]]) => {
      const isFirst = (await this.#redis.rpush(key, ...ids)) === ids.length
      for (const id of isFirst ? ids.slice(1) : ids) waiting.add(id)
    }
    await Promise.all([...idsOf].map(enterOne))
    return waiting
  }

  /** Whether it is the turn of this job. */
  async isFirst(id: string, job: QueueJob): Promise<boolean> {
    const key = this.#listOf(job)
    if (key === undefined) return true
    return (await this.#redis.eval(isFirstScript, 1, key, id, this.#keyOf(''), Date.now())) === 1
  }

  /** The job is over, whatever became of it. Resolves with the next one of its group, if there is one. */
  async leave(id: string, job: QueueJob): Promise<string | undefined> {
    const key = this.#listOf(job)
    if (key === undefined) return undefined
    return ((await this.#redis.eval(leaveScript, 1, key, id)) as string | null) ?? undefined
  }

  #listOf({ tenant, channel, group }: QueueJob): string | undefined {
    return group === undefined ? undefined : this.#keyOf(`group:${tenant}/${channel}/${group}`)
  }
}
