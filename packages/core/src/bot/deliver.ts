import type { Permit } from '../governor/governor.ts'
import type { Flags, NewReply, StoredReply } from '../storage.ts'
import { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import type { KeptLease } from './lease-keeper.ts'
import { isCold } from './send-rules.ts'

/** What is to be delivered, and what the conversation is like. */
export interface Mail {
  readonly replies: readonly StoredReply[]
  readonly flags: Flags
  /** Present where the attempt to send the first reply has begun already. */
  readonly begun?: Permit
}

/** What a turn has put into the outbox. */
export interface Committed extends Omit<Mail, 'replies'> {
  readonly replies: readonly NewReply[]
}

/**
 * Sends the undelivered replies of a claimed conversation, in order. Ends early at one that has to wait, because nothing
 * may overtake it. Rejects with `lease_lost` where the conversation is not ours any more.
 */
export async function deliver(engine: Engine, lease: KeptLease, { replies, flags, begun }: Mail): Promise<void> {
  const round = new Round(engine, lease, flags)
  let permit = begun
  for (const reply of replies) {
    if (!permit && (lease.signal.aborted || round.mustWait(reply))) return
    if (!(await round.attempt(reply, permit))) return
    permit = undefined
  }
}

/** Sends what a turn has just committed. */
export function deliverTurn(engine: Engine, lease: KeptLease, committed: Committed): Promise<void> {
  return deliver(engine, lease, { ...committed, replies: committed.replies.map(asStored) })
}

function asStored(reply: NewReply): StoredReply {
  return { ...reply, status: 'pending', attempts: 0 }
}

/** One look at the outbox of one conversation. */
class Round {
  readonly #engine: Engine
  readonly #lease: KeptLease
  readonly #flags: Flags
  /** Several late replies are told by one template. */
  #templateWent = false

  constructor(engine: Engine, lease: KeptLease, flags: Flags) {
    this.#engine = engine
    this.#lease = lease
    this.#flags = flags
  }

  /** Whether it is too early. Who has written meanwhile gets what was put off as cold: nothing may block the answer. */
  mustWait(reply: StoredReply): boolean {
    const nowMs = this.#engine.settings.clock.now()
    if (reply.notBeforeMs <= nowMs) return false
    const wasCold = reply.kind === 'proactive' && reply.status === 'pending' && reply.attempts === 0
    return !wasCold || isCold(reply, this.#flags, nowMs)
  }

  /** Says whether the next reply may follow. */
  async attempt(reply: StoredReply, permit?: Permit): Promise<boolean> {
    const circumstances = { reply, permit, flags: this.#flags, templateWent: this.#templateWent }
    const attempt = new Attempt(this.#engine, this.#lease, circumstances)
    const { sends } = this.#engine
    const { conversation } = this.#lease.current
    sends.begin(conversation)
    try {
      const outcome = await attempt.run()
      this.#templateWent ||= attempt.isTemplated
      return outcome !== 'parked' && outcome?.status !== 'retry'
    } finally {
      sends.end(conversation)
    }
  }
}
