import { type Change, conversationId, type Flags, type Lease } from '@wa-agent/core'
import { replyGone, stateToJson } from '@wa-agent/core/mailbox'
import { commitSlowly, type PreparedChange } from './commit-slowly.ts'
import { leaseLost } from './errors.ts'
import { Lane, type Outcome } from './lane.ts'
import type { HeldLeases } from './leases.ts'
import type { Parts } from './parts.ts'
import { flagsOf } from './rows.ts'
import { arrayOf, encodeText } from './text.ts'

interface Commit {
  readonly lease: Lease
  readonly change: Change
  readonly prepared: PreparedChange
}

/** So many rows share what a tenant uses in a day, so that processes do not wait for each other. */
const usageShards = 16

/** Applies what turns have made: many turns in one statement, those with orders and failures one by one. */
export class Commits {
  readonly #parts: Parts
  readonly #held: HeldLeases
  readonly #lane: Lane<Commit, Flags>
  readonly #slow: Lane<Commit, Flags>
  readonly #shard = Math.floor(Math.random() * usageShards)
  #count = 0

  constructor(parts: Parts, held: HeldLeases) {
    this.#parts = parts
    this.#held = held
    const keyOf = ({ lease }: Commit) => conversationId(lease.conversation)
    this.#lane = new Lane({ run: (commits) => this.#run(commits), maxItems: 200, maxBytes: 2 ** 22, keyOf })
    this.#slow = new Lane({
      run: async ([commit]) => [await this.#runSlowly(commit as Commit)],
      maxItems: 1,
      maxBytes: Number.POSITIVE_INFINITY,
      width: 2,
    })
  }

  async commit(lease: Lease, change: Change): Promise<Flags> {
    const replies = (change.replies ?? []).map((reply) => ({ reply, json: JSON.stringify(reply.message) }))
    const state = change.state && stateToJson(change.state)
    this.#count += 1
    const commit = {
      lease,
      change,
      prepared: { id: `${this.#held.processId}.${this.#count}`, state, replies, shard: this.#shard },
    }
    if (change.control || change.retry || change.dead) return this.#slow.submit(commit)
    const bytes = replies.reduce((sum, { json }) => sum + json.length, state?.length ?? 0)
    return this.#lane.submit(commit, bytes)
  }

  async drained(): Promise<void> {
    await this.#lane.drained()
    await this.#slow.drained()
  }

  async #run(commits: readonly Commit[]): Promise<Outcome<Flags>[]> {
    const channels = await this.#parts.channels.findAll(commits.map(({ lease }) => lease.conversation))
    const values = [arrayOf(channels), ...columnsOf(commits), this.#shard]
    const rows = await this.#parts.database.callFunction('commit_turns', values)
    const outcomes: Outcome<Flags>[] = commits.map(() => ({ error: leaseLost() }))
    for (const [n, verdict, optedOut, handoff, lastInbound] of rows) {
      const index = Number(n) - 1
      if (verdict === '0') outcomes[index] = { value: flagsOf(optedOut === 't', handoff, lastInbound) }
      if (verdict === '2') outcomes[index] = { error: replyGone() }
    }
    return outcomes
  }

  async #runSlowly({ lease, change, prepared }: Commit): Promise<Outcome<Flags>> {
    const { database, channels } = this.#parts
    const channel = (await channels.find(lease.conversation)) ?? -1
    const run = { lease, change, prepared, channel }
    return { value: await database.transaction((runner) => commitSlowly(runner, run)) }
  }
}

/** The parameters of `commit_turns` but the first and the last. */
function columnsOf(commits: readonly Commit[]): string[] {
  const done = commits.flatMap(({ change }, n) => (change.done ?? []).map((seq) => ({ n: n + 1, seq })))
  const replies = commits.flatMap(({ prepared }, n) => prepared.replies.map((draft) => ({ n: n + 1, ...draft })))
  const usage = commits.flatMap(({ change }, n) => (change.usage ? [{ n: n + 1, ...change.usage }] : []))
  return [
    arrayOf(commits.map(({ lease }) => encodeText(lease.conversation.chat))),
    arrayOf(commits.map(({ lease }) => lease.token)),
    arrayOf(commits.map(({ change }) => change.nowMs)),
    arrayOf(commits.map(({ prepared }) => prepared.id)),
    arrayOf(commits.map(({ change }) => (change.sending === undefined ? null : encodeText(change.sending)))),
    arrayOf(commits.map(({ change, prepared }) => sendsNew(change, prepared))),
    arrayOf(commits.map(({ change }) => (change.done?.length ?? 0) > 0)),
    arrayOf(firstReplies(commits)),
    arrayOf(commits.map(({ prepared }) => prepared.state)),
    arrayOf(done.map(({ n }) => n)),
    arrayOf(done.map(({ seq }) => seq)),
    arrayOf(replies.map(({ n }) => n)),
    arrayOf(replies.map(({ reply }) => encodeText(reply.id))),
    arrayOf(replies.map(({ reply }) => reply.kind)),
    arrayOf(replies.map(({ reply }) => reply.notBeforeMs)),
    arrayOf(replies.map(({ reply }) => JSON.stringify(reply.inReplyTo))),
    arrayOf(replies.map(({ json }) => json)),
    arrayOf(replies.map(({ reply }) => (reply.trace ? JSON.stringify(reply.trace) : null))),
    arrayOf(replies.map(({ n, reply }) => (commits[n - 1]?.change.sending === reply.id ? 1 : 0))),
    arrayOf(usage.map(({ n }) => n)),
    arrayOf(usage.map(({ day }) => day)),
    arrayOf(usage.map(({ tokens }) => tokens)),
    arrayOf(usage.map(({ costUsd }) => costUsd)),
  ]
}

/** Whether the reply to be sent is one of those that the commit adds. */
function sendsNew({ sending }: Change, { replies }: PreparedChange): boolean {
  return sending !== undefined && replies.some(({ reply }) => reply.id === sending)
}

/** Of each commit the number of its first reply among those of all, from 1. */
function firstReplies(commits: readonly Commit[]): (number | null)[] {
  let next = 1
  return commits.map(({ prepared }) => {
    const first = next
    next += prepared.replies.length
    return prepared.replies.length > 0 ? first : null
  })
}
