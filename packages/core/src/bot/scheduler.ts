import PQueue from 'p-queue'
import { type ChannelKey, type ConversationKey, conversationId } from '../conversation.ts'
import type { Claim } from '../storage.ts'
import type { Engine } from './engine.ts'
import { Unserved } from './unserved.ts'
import type { Worker } from './worker.ts'

/** A campaign to thousands must not keep the slots from those who wrote; for those who are `called` there is room. */
const priorities: Readonly<Record<'called' | 'in turn' | 'after answers', number>> = {
  called: 2,
  'in turn': 1,
  'after answers': 0,
}

/**
 * So many conversations per slot are in work or wait in memory. The others wait in the storage, where the sweep finds them:
 * a flood must not fill the memory.
 */
const waitingPerSlot: typeof priorities = { called: Number.POSITIVE_INFINITY, 'in turn': 4, 'after answers': 1 }

/**
 * Decides when a conversation is worked on: rung when its mail is due, found by a sweep when its bell was lost, never twice
 * at once, so many in parallel as the settings allow.
 */
export class Scheduler {
  readonly #engine: Engine
  readonly #worker: Worker
  readonly #unserved: Unserved
  readonly #slots: PQueue
  /** Waiting for a slot or in work. */
  readonly #busy = new Set<string>()
  /** Of these, what waits behind those who wrote. */
  readonly #patient = new Set<string>()
  /** Rung while in work: looked at once more. */
  readonly #again = new Map<string, ConversationKey>()
  /** Bells that will ring later, and how to silence them. */
  readonly #timers = new Map<string, () => void>()
  #cancelSweep: (() => void) | undefined
  #sweeping: Promise<void> | undefined
  #running = false
  #isPaused = false
  #unwatch: (() => void) | undefined
  /** Something due waits in the storage: the last sweep filled all slots, or there was a flood. */
  #hasMore = false

  constructor(engine: Engine, worker: Worker) {
    this.#engine = engine
    this.#worker = worker
    this.#unserved = new Unserved(engine)
    this.#slots = new PQueue({ concurrency: engine.settings.concurrency })
  }

  get working(): number {
    return this.#slots.pending
  }

  /** Begins with everything that was left unfinished. */
  start(): void {
    this.#running = true
    this.#engine.parked.clear()
    this.#unwatch = this.#engine.storage.watch?.(() => this.#mailCame())
    this.#sweepLater(0)
  }

  /** Begins nothing until `resume`; what is in work ends. Everything else stays in the storage. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#mailCame()
  }

  /** Another process has put something in. */
  #mailCame(): void {
    if (!this.#running) return
    this.#hasMore = true
    this.#sweepOn()
  }

  /** Begins nothing new. Resolves when what is in work has ended. */
  async stop(): Promise<void> {
    this.#running = false
    this.#unwatch?.()
    this.#cancelSweep?.()
    for (const silence of this.#timers.values()) silence()
    this.#timers.clear()
    this.#again.clear()
    await this.#sweeping
    // Those who wait for a slot find that nothing is begun any more.
    await this.#slots.onIdle()
    this.#patient.clear()
    this.#busy.clear()
  }

  /** Resolves when nothing is in work and nothing is due. */
  async idle(): Promise<void> {
    do {
      await this.#sweep()
      await this.#slots.onIdle()
    } while (this.#running && (this.#busy.size > 0 || (this.#hasMore && !this.#isPaused)))
  }

  /**
   * Says when the conversation has something due; the newest word counts, since a later message can put a turn off. What
   * nobody waits for may take its slot `after answers`.
   */
  ring(conversation: ConversationKey, dueAtMs: number, when: keyof typeof priorities = 'in turn'): void {
    // The sweep after a pause finds everything.
    if (!this.#running || this.#isPaused) return
    const { clock } = this.#engine.settings
    const id = conversationId(conversation)
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    const delayMs = dueAtMs - clock.now()
    if (delayMs > 0) {
      this.#timers.set(
        id,
        clock.after(delayMs, () => this.ring(conversation, dueAtMs, when)),
      )
    } else if (this.#busy.has(id)) {
      this.#again.set(id, conversation)
      if (when !== 'after answers' && this.#patient.delete(id)) this.#slots.setPriority(id, priorities[when])
    } else if (this.#busy.size >= this.#engine.settings.concurrency * waitingPerSlot[when]) {
      this.#hasMore = true
    } else {
      this.#enter(conversation, { priority: priorities[when] })
    }
  }

  /** Sends of a channel have ended: who waited for that goes on. */
  callOn(channel: ChannelKey): void {
    if (this.#running) this.#call(this.#engine.governors.next(channel))
  }

  #call(conversations: readonly ConversationKey[]): void {
    const nowMs = this.#engine.settings.clock.now()
    for (const conversation of conversations) this.ring(conversation, nowMs, 'called')
  }

  /** Waits for a slot, then works on the conversation: on `held`, or on what it can claim then. */
  #enter(
    waiting: ConversationKey,
    { held, priority = priorities['in turn'] }: { readonly held?: Claim; readonly priority?: number },
  ): void {
    const id = conversationId(waiting)
    this.#busy.add(id)
    if (priority === priorities['after answers']) this.#patient.add(id)
    const work = async () => {
      this.#patient.delete(id)
      let dueAtMs: number | undefined
      let conversation: ConversationKey | undefined
      try {
        const mayBegin = this.#running && !this.#isPaused
        if (held && !mayBegin) await this.#worker.giveBack(held)
        const claimed = mayBegin ? (held ?? (await this.#worker.claim(waiting))) : undefined
        if (claimed) {
          conversation = claimed.lease.conversation
          dueAtMs = (await this.#worker.work(claimed)).dueAtMs
        }
      } catch (error) {
        // The storage is away: the sweep finds the conversation when it is back.
        this.#engine.emit('error', { error, doing: 'claiming a conversation' })
      }
      this.#busy.delete(id)
      if (this.#engine.governors.left(waiting)) this.callOn(waiting)
      this.#lookAgain(id, conversation, dueAtMs)
      this.#sweepOn()
    }
    void this.#slots.add(work, { id, priority })
  }

  #lookAgain(id: string, conversation: ConversationKey | undefined, dueAtMs: number | undefined): void {
    const rung = this.#again.get(id)
    this.#again.delete(id)
    if (conversation && dueAtMs !== undefined) this.ring(conversation, dueAtMs)
    else if (rung) this.ring(rung, 0)
  }

  #sweepLater(delayMs: number): void {
    this.#cancelSweep = this.#engine.settings.clock.after(delayMs, () => {
      this.#sweeping = this.#sweep().then(async () => {
        await this.#unserved.look()
        if (this.#running) this.#sweepLater(this.#engine.settings.sweepMs)
      })
    })
  }

  /** After a long absence more is due than there are slots: it is taken up as slots become free, not sweep by sweep. */
  #sweepOn(): void {
    if (!this.#hasMore || this.#busy.size > this.#engine.settings.concurrency / 2) return
    this.#sweeping = this.#sweep()
  }

  /** Takes up what is due and was not rung for, as far as there are free slots. */
  async #sweep(): Promise<void> {
    const free = this.#engine.settings.concurrency - this.#busy.size
    // Nobody may be forgotten in a line, whatever became of those who were called.
    if (this.#running && !this.#isPaused) this.#call(this.#engine.governors.nextOfAll())
    // What has no room, or may not begin, is no reason to think that nobody looks.
    if (!this.#running || this.#isPaused || free <= 0) return this.#engine.telemetry.beat()
    this.#hasMore = false
    try {
      const claims = await this.#worker.claimDue(free, this.#busy)
      this.#engine.telemetry.beat()
      this.#hasMore ||= claims.length === free
      for (const claim of claims) this.#enter(claim.lease.conversation, { held: claim })
    } catch (error) {
      this.#engine.emit('error', { error, doing: 'looking for due conversations' })
    }
  }
}
