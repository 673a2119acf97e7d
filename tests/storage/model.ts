import {
  type AppendResult,
  type Claim,
  type Clock,
  type ConversationKey,
  conversationId,
  type DeliveryUpdate,
  isWaAgentError,
  type Lease,
  memoryStorage,
  type NewMessage,
  type NewReply,
  type ReplyOutcome,
  type Storage,
} from '@wa-agent/core'
import fc from 'fast-check'
import { expect } from 'vitest'

/** The storage that is compared with `memoryStorage`, and in what it may differ. */
export interface ModelSubject {
  /** One that keeps what the last one that was made has kept. */
  make(clock: Clock): Storage
  /** Whether its letters and messages have the same numbers as those of the model. */
  readonly isNumberedAlike: boolean
  /** Calls that it makes durable together. */
  together(storage: Storage, step: TogetherStep): Promise<unknown>[]
  /** Makes it fail from now on, or no more. Where it then rejects with `storage_full`, it must not have changed anything. */
  readonly fail?: (isFailing: boolean) => void
  /** What it told, but for what it may tell differently from the model. */
  readonly aligned?: (real: unknown, model: unknown) => unknown
  /** Told before it is closed and made again. */
  readonly reopening?: () => void
}

const usageDay = '2027-01-15'
const leaseMs = 30_000
const chats = ['a', 'b', 'c', 'd']
const chat = fc.constantFrom(...chats)
const text = fc.constantFrom('one', 'two', '👍 \ud800', 'x'.repeat(3_000))
const replyId = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6')
const messageId = fc.integer({ min: 0, max: 25 }).map((number) => `m${number}`)
/** Unique, as providers' ids are: made from the reply's. */
const providerId = replyId.map((id) => `p-${id}`)
const tenant = fc.constantFrom('acme', 'acme', 'acme', 'other')
const place = fc.record({ tenant, channel: fc.constant('main'), chat })
const delay = fc.constantFrom(0, 0, 10, 5_000)
/** By how much a message was sent before it came; its clock may be ahead. */
const age = fc.constantFrom(0, 0, 10, 200_000, 900_000, -5_000)
const handoff = fc.record(
  { by: fc.constant('person' as const), reason: fc.constant('x'), sinceMs: fc.constant(1), untilMs: fc.nat(5) },
  { requiredKeys: ['by', 'reason', 'sinceMs'] },
)
const control = fc.record(
  { optOut: fc.boolean(), handoff: fc.option(handoff), releasesSinceMs: fc.constantFrom(1, 2) },
  { requiredKeys: [] },
)
const trace = fc.constantFrom(undefined, undefined, {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
})
const message = fc.record({
  tenant,
  id: fc.oneof(messageId, messageId, providerId),
  chat,
  also: fc.option(chat),
  fromMe: fc.constantFrom(false, false, false, true),
  isGroup: fc.constantFrom(false, false, false, true),
  text,
  age,
  settle: delay,
  dueBy: delay,
  trace,
  // Mostly without: most messages take the fast way.
  control: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, control),
})
const reply = fc.record({ id: replyId, text, delay, trace })
type DrawnReply = typeof reply extends fc.Arbitrary<infer Value> ? Value : never
const outcome: fc.Arbitrary<(reply: { id: string }, nowMs: number) => ReplyOutcome> = fc.oneof(
  fc.boolean().map(
    (isTold) =>
      ({ id }: { id: string }) =>
        ({ status: 'sent', ...(isTold && { providerId: `p-${id}` }) }) as const,
  ),
  delay.map(
    (ms) => (_: unknown, nowMs: number) => ({ status: 'retry', notBeforeMs: nowMs + ms, reason: 'later' }) as const,
  ),
  fc
    .constantFrom('dead' as const, 'held' as const, 'suppressed' as const)
    .map((status) => () => ({ status, reason: 'x' })),
)
/** Of a reply by our id, by one of two that providers may have for it, or by both; some are of no reply at all. */
const update: fc.Arbitrary<DeliveryUpdate> = fc
  .record({
    id: replyId,
    ours: fc.constantFrom('known', 'unknown', 'absent'),
    theirs: fc.constantFrom('p', 'p', 'other', 'absent'),
    status: fc.constantFrom('sent' as const, 'delivered' as const, 'read' as const, 'failed' as const),
    reason: fc.constantFrom('', 'blocked'),
  })
  .map(({ id, ours, theirs, status, reason }) => ({
    ...(ours !== 'absent' && { replyId: ours === 'known' ? id : 'nobody' }),
    ...(theirs !== 'absent' && { providerId: `${theirs}-${id}` }),
    status,
    atMs: 1,
    reason,
  }))
const updates = fc.array(update, { maxLength: 4 })
const recordName = fc.constantFrom('one', 'two')
const change = fc.record({
  done: fc.nat(3),
  dead: fc.nat(1),
  retry: fc.nat(2),
  retryAfter: delay,
  state: fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined }),
  control: fc.option(control, { freq: 5, nil: undefined }),
  replies: fc.array(reply, { maxLength: 2 }),
  sending: fc.option(replyId, { nil: undefined }),
  usage: fc.option(fc.nat(9), { nil: undefined }),
})

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), batch: fc.array(message, { maxLength: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      place: fc.option(place),
      served: fc.constantFrom(undefined, undefined, ['acme'], ['other', 'nobody'], []),
      most: fc.nat(3),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), lease: fc.nat(9), change }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), place, id: replyId, outcome }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('track' as const), place, updates }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      place,
      name: recordName,
      value: fc.option(text, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), lease: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), lease: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('enqueue' as const), place, replies: fc.array(reply, { maxLength: 2 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      batches: fc.array(fc.array(message, { maxLength: 2 }), { minLength: 1, maxLength: 3 }),
      replies: fc.array(reply, { maxLength: 2 }),
      id: replyId,
      outcome,
      updates,
      place,
      name: recordName,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('control' as const), place, control }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('retryLetter' as const, 'discard' as const), letter: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('prune' as const), age: fc.constantFrom(0, 100, 40_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 20, 6_000, 31_000, 240_000, 400_000, 901_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), isFailing: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Several calls at the same moment, as each storage may make them. */
export interface TogetherStep {
  readonly place: ConversationKey
  readonly batches: readonly (readonly NewMessage[])[]
  readonly replies: readonly NewReply[]
  readonly settled: { readonly id: string; readonly outcome: ReplyOutcome }
  readonly updates: readonly DeliveryUpdate[]
  readonly record: { readonly name: string; readonly value: string }
}

/** Random work on `memoryStorage`, the model, and on another storage: what can be observed must be the same. */
export async function behavesAsMemory(
  subject: () => ModelSubject,
  { runs, steps }: { readonly runs: number; readonly steps: number },
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: steps }), async (drawn) => {
      const comparison = new Comparison(subject())
      await comparison.start()
      for (const current of drawn) await comparison.run(current)
      await comparison.end()
    }),
    { numRuns: runs },
  )
}

/** Which conversation, or of whose channels, and how many messages of each. */
interface ClaimStep {
  readonly place?: ConversationKey | null
  readonly served?: readonly string[] | undefined
  readonly most: number
}

/** A lease as both storages gave it, and what the turn may change. */
interface Held {
  readonly claims: readonly [Claim, Claim]
  readonly leases: readonly [Lease, Lease]
}

class Comparison {
  readonly #subject: ModelSubject
  #nowMs = 1_800_000_000_000
  readonly #clock = { now: () => this.#nowMs, after: () => () => undefined }
  readonly #model = memoryStorage({ clock: this.#clock })
  #real: Storage
  #held: Held[] = []

  constructor(subject: ModelSubject) {
    this.#subject = subject
    this.#real = subject.make(this.#clock)
  }

  async start(): Promise<void> {
    await this.#model.open()
    await this.#real.open()
  }

  async end(): Promise<void> {
    await this.#both((storage) => storage.stats())
    await this.#both((storage) => this.#lettersOf(storage))
    for (const name of ['one', 'two']) {
      for (const owner of ['acme', 'other', 'nobody']) {
        await this.#both((storage) => storage.records.get({ tenant: owner, channel: 'main' }, name))
      }
    }
    this.#nowMs += 10 * leaseMs
    await this.#both(async (storage) => this.#comparable(await this.#claim(storage, { most: 50 })))
    await this.#real.close()
  }

  async #reopen(): Promise<void> {
    // All leases expire first: reopening ends them, which the model cannot know.
    this.#nowMs += 2 * leaseMs
    this.#held = []
    this.#subject.reopening?.()
    await this.#real.close()
    this.#real = this.#subject.make(this.#clock)
    await this.#real.open()
  }

  async run(current: Step): Promise<void> {
    this.#nowMs += 1
    const nowMs = this.#nowMs
    switch (current.do) {
      case 'append':
        await this.#both(async (storage) =>
          dueAfterAll(await storage.append(current.batch.map((entry) => toNewMessage(entry, nowMs)))),
        )
        break
      case 'together':
        await this.#both(async (storage) =>
          dueAfterAll(await Promise.all(this.#subject.together(storage, toTogether(current, nowMs)))),
        )
        break
      case 'claim':
        await this.#take(current)
        break
      case 'commit': {
        const held = this.#pick(current.lease)
        if (held)
          await this.#both((storage, index) =>
            storage.commit(held.leases[index], toChange(current.change, { claim: held.claims[index], nowMs })),
          )
        break
      }
      case 'settle':
        await this.#both((storage) =>
          storage.settle({ conversation: current.place, id: current.id }, current.outcome(current, nowMs)),
        )
        break
      case 'track':
        await this.#both((storage) => storage.track(current.place, current.updates))
        break
      case 'record':
        await this.#both((storage) => storage.records.set(current.place, current.name, current.value))
        break
      case 'release': {
        const held = this.#pick(current.lease)
        if (held) await this.#both((storage, index) => storage.release(held.leases[index]))
        break
      }
      case 'renew': {
        const held = this.#pick(current.lease)
        if (held)
          await this.#both(
            async (storage, index) => (await storage.renew(held.leases[index], { nowMs, leaseMs })).expiresAtMs,
          )
        break
      }
      case 'enqueue':
        await this.#both((storage) =>
          storage.enqueue(
            current.place,
            current.replies.map((one) => toReply(one, nowMs)),
          ),
        )
        break
      case 'control':
        await this.#both((storage) => storage.control(current.place, current.control))
        break
      case 'retryLetter':
      case 'discard': {
        await this.#both(async (storage) => {
          const id = (await storage.deadLetters.list())[current.letter]?.id ?? 'm999999'
          return current.do === 'discard' ? storage.deadLetters.discard(id) : storage.deadLetters.retry(id, nowMs)
        })
        break
      }
      case 'prune':
        // It works in several steps, some of which may fail.
        if (!this.#subject.fail) await this.#both((storage) => storage.prune({ beforeMs: nowMs - current.age }))
        break
      case 'wait':
        this.#nowMs += current.ms
        break
      case 'reopen':
        await this.#reopen()
        break
      case 'fail':
        this.#subject.fail?.(current.isFailing)
        break
    }
    await this.#both((storage) => storage.stats())
    await this.#both((storage) => this.#lettersOf(storage))
  }

  #pick(index: number): Held | undefined {
    return this.#held[index % Math.max(1, this.#held.length)]
  }

  async #take(request: ClaimStep): Promise<void> {
    const [model, real] = [await this.#claim(this.#model, request), await this.#claim(this.#real, request)]
    expect(this.#aligned(this.#comparable(real), this.#comparable(model))).toEqual(this.#comparable(model))
    for (const [index, claim] of model.entries()) {
      const other = real[index]
      if (other) this.#held.push({ claims: [claim, other], leases: [claim.lease, other.lease] })
    }
  }

  async #claim(storage: Storage, { place: conversation, served, most }: ClaimStep): Promise<Claim[]> {
    const claims = await storage.claim({
      owner: 'worker',
      nowMs: this.#nowMs,
      leaseMs,
      ...(conversation ? { conversation } : { limit: 100 }),
      ...(served && { channels: served.map((tenant) => ({ tenant, channel: 'main' })) }),
      maxMessages: most,
      historyLimit: most,
      usageDay,
    })
    return claims.toSorted((a, b) =>
      compare(conversationId(a.lease.conversation), conversationId(b.lease.conversation)),
    )
  }

  /** The same on both; where the real one is full, nothing happened there and nothing is done to the model. */
  async #both(action: (storage: Storage, index: 0 | 1) => Promise<unknown>): Promise<void> {
    const real = await outcomeOf(() => action(this.#real, 1))
    if ('error' in real && real.error === 'storage_full' && this.#subject.fail) return
    const model = await outcomeOf(() => action(this.#model, 0))
    expect(this.#aligned(real, model)).toEqual(model)
  }

  #aligned(real: unknown, model: unknown): unknown {
    return this.#subject.aligned?.(real, model) ?? real
  }

  async #lettersOf(storage: Storage): Promise<unknown> {
    const letters = await storage.deadLetters.list()
    return this.#subject.isNumberedAlike ? letters : letters.map((letter) => ({ ...letter, id: letter.kind }))
  }

  /** Tokens are each storage's own, and may numbers be; their order is that of the list. */
  #comparable(claims: readonly Claim[]): unknown {
    return claims.map((claim) => ({
      ...claim,
      lease: { ...claim.lease, token: 0 },
      messages: this.#subject.isNumberedAlike ? claim.messages : claim.messages.map((one) => ({ ...one, seq: 0 })),
    }))
  }
}

/** What was appended together may be told of when each message is in, or when all are: only the last answer is compared. */
function dueAfterAll(answers: readonly unknown[]): unknown {
  const last = new Map<string, number | undefined>()
  const results = answers.flat().filter(isAppended)
  for (const { conversation, dueAtMs } of results) last.set(conversationId(conversation), dueAtMs)
  const toLast = (answer: unknown): unknown => {
    if (Array.isArray(answer)) return answer.map(toLast)
    return isAppended(answer) ? { ...answer, dueAtMs: last.get(conversationId(answer.conversation)) } : answer
  }
  return answers.map(toLast)
}

function isAppended(answer: unknown): answer is AppendResult {
  return typeof answer === 'object' && answer !== null && 'status' in answer && 'conversation' in answer
}

async function outcomeOf(action: () => Promise<unknown>): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await action() }
  } catch (error) {
    return { error: isWaAgentError(error) ? error.code : error }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function toTogether(drawn: Extract<Step, { do: 'together' }>, nowMs: number): TogetherStep {
  return {
    place: drawn.place,
    batches: drawn.batches.map((batch) => batch.map((entry) => toNewMessage(entry, nowMs))),
    replies: drawn.replies.map((one) => toReply(one, nowMs)),
    settled: { id: drawn.id, outcome: drawn.outcome(drawn, nowMs) },
    updates: drawn.updates,
    record: { name: drawn.name, value: `${nowMs}` },
  }
}

function toNewMessage(
  entry: typeof message extends fc.Arbitrary<infer Value> ? Value : never,
  nowMs: number,
): NewMessage {
  const { id, chat: name, also, fromMe, isGroup, text: body } = entry
  return {
    tenant: entry.tenant,
    channel: 'main',
    receivedAtMs: nowMs,
    settleAtMs: nowMs + entry.settle,
    dueByMs: nowMs + entry.dueBy,
    ...(entry.control && { control: toControl(entry.control) }),
    ...(entry.trace && { trace: entry.trace }),
    message: {
      type: 'text',
      id,
      chat: name,
      from: { id: name, aliases: also === null ? [] : [{ kind: 'other', value: also }] },
      fromMe,
      isGroup,
      sentAtMs: nowMs - entry.age,
      // What only looks like an echo must not take a provider id that another reply will have.
      text: id.startsWith('p-') ? 'said by provider id' : body,
    },
  }
}

type DrawnControl = typeof control extends fc.Arbitrary<infer Value> ? Value : never

function toControl(drawn: DrawnControl) {
  return drawn as NonNullable<NewMessage['control']>
}

function toReply({ id, text: body, delay: ms, trace: headers }: DrawnReply, nowMs: number) {
  return {
    id,
    kind: 'reply' as const,
    message: { type: 'text' as const, text: body },
    inReplyTo: ['m1'],
    notBeforeMs: nowMs + ms,
    ...(headers && { trace: headers }),
  }
}

function toChange(
  drawn: typeof change extends fc.Arbitrary<infer Value> ? Value : never,
  { claim, nowMs }: { claim: Claim; nowMs: number },
) {
  const seqs = claim.messages.map(({ seq }) => seq)
  const dead = seqs.slice(drawn.done, drawn.done + drawn.dead)
  const retried = seqs.slice(drawn.done + drawn.dead, drawn.done + drawn.dead + drawn.retry)
  return {
    nowMs,
    done: seqs.slice(0, drawn.done),
    ...(dead.length > 0 && { dead: { messages: dead, reason: 'dead' } }),
    ...(retried.length > 0 && { retry: { messages: retried, atMs: nowMs + drawn.retryAfter, reason: 'retry' } }),
    ...(drawn.state !== undefined && {
      state: { sessions: { agent: drawn.state, [claim.lease.conversation.chat]: 1 } },
    }),
    ...(drawn.control && { control: toControl(drawn.control) }),
    replies: drawn.replies.map((one) => toReply(one, nowMs)),
    ...(drawn.sending !== undefined && { sending: drawn.sending }),
    ...(drawn.usage !== undefined && { usage: { tokens: drawn.usage, costUsd: drawn.usage / 8, day: usageDay } }),
  }
}
