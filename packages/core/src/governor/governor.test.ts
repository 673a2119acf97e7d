import { describe, expect, test } from 'vitest'
import { Governor, type GovernorOptions, type Leaving, type Permit, type Postponed } from './governor.ts'
import { checkLimits, type SendLimits } from './limits.ts'
import { type GovernorRecord, readRecord, writeRecord } from './record.ts'

const noon = Date.UTC(2026, 10, 21, 12, 0)

/** A governor and the time that it sees. */
function governed(limits: SendLimits, options: Partial<GovernorOptions> = {}) {
  const time = { nowMs: noon }
  const states: string[] = []
  const clock = { now: () => time.nowMs, after: () => () => undefined }
  const onCircuit = (state: string) => states.push(state)
  const governor = new Governor({ limits, clock, random: () => 0.5, onCircuit, ...options })
  return { governor, time, states }
}

function permit(admission: ReturnType<Governor['admit']>): Permit {
  if (admission.status !== 'now') throw new Error(`postponed: ${admission.reason}`)
  return admission
}

/** Sends as soon as the governor allows; the times at which each went out. */
function play(world: ReturnType<typeof governed>, chats: readonly string[], isCold = false): number[] {
  const { governor, time } = world
  const due = chats.map((chat, order) => ({ chat, order, atMs: time.nowMs }))
  const sentMs: number[] = []
  while (due.length > 0) {
    due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    const next = due[0]
    if (!next) break
    time.nowMs = Math.max(time.nowMs, next.atMs)
    const admission = governor.admit({ chat: next.chat, isCold })
    if (admission.status === 'now') {
      admission.end({ status: 'sent' })
      sentMs.push(time.nowMs)
      due.shift()
    } else {
      expect(admission.atMs).toBeGreaterThan(time.nowMs)
      next.atMs = admission.atMs
    }
  }
  return sentMs
}

function mostInASecond(sentMs: readonly number[]): number {
  return Math.max(...sentMs.map((fromMs) => sentMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1000).length))
}

const chatsOf = (count: number) => Array.from({ length: count }, (_, index) => `chat-${index}`)

describe('a channel', () => {
  test('sends 80 in any second and not one more, and loses no time', () => {
    const sentMs = play(governed({ messagesPerSecond: 80 }), chatsOf(1000))
    expect(mostInASecond(sentMs)).toBe(80)
    // 1,000 messages are twelve seconds and a half.
    expect((sentMs.at(-1) ?? 0) - noon).toBe(12_000)
  })

  test('answers at once while a campaign of thousands is on its way', () => {
    const world = governed({ messagesPerSecond: 80 })
    const { governor, time } = world
    const waiting = chatsOf(5000).map((chat) => ({ chat, atMs: noon }))
    const waitsMs: number[] = []
    let cold = 0
    for (let tick = 0; tick < 20_000; tick += 5) {
      time.nowMs = noon + tick
      if (tick % 100 === 0) {
        const answer = governor.admit({ chat: `asks-${tick}`, isCold: false })
        waitsMs.push(answer.status === 'now' ? 0 : answer.atMs - time.nowMs)
        if (answer.status === 'now') answer.end({ status: 'sent' })
      }
      for (const each of waiting.filter(({ atMs }) => atMs <= time.nowMs)) {
        const admission = governor.admit({ chat: each.chat, isCold: true })
        if (admission.status === 'later') each.atMs = admission.atMs
        else {
          admission.end({ status: 'sent' })
          each.atMs = Number.POSITIVE_INFINITY
          cold += 1
        }
      }
    }
    expect(Math.max(...waitsMs)).toBe(0)
    // 64 of the 80 a second are left to the campaign.
    expect(cold).toBeGreaterThan(900)
    expect(cold).toBeLessThanOrEqual(64 * 21)
  })

  test('rests when the provider says that it was too much, longer each time, and only this channel', () => {
    const { governor, time } = governed({})
    permit(governor.admit({ chat: 'a', isCold: false })).end(tooMuch('channel', 7000))
    expect(governor.admit({ chat: 'b', isCold: false })).toMatchObject({ status: 'later', atMs: noon + 7000 })
    time.nowMs += 7000
    permit(governor.admit({ chat: 'b', isCold: false })).end(tooMuch('channel'))
    expect(governor.admit({ chat: 'b', isCold: false })).toMatchObject({ atMs: time.nowMs + 2000 })
    expect(governed({}).governor.admit({ chat: 'b', isCold: false }).status).toBe('now')
  })

  test('is left alone after five failures in a row, and tried with one message first', () => {
    const { governor, time, states } = governed({})
    for (let failure = 0; failure < 5; failure += 1) {
      permit(governor.admit({ chat: `c${failure}`, isCold: false })).end({ status: 'uncertain', reason: 'no answer' })
    }
    expect(governor.admit({ chat: 'd', isCold: false })).toMatchObject({ status: 'later', atMs: noon + 30_000 })
    time.nowMs += 30_000
    const probe = permit(governor.admit({ chat: 'd', isCold: false }))
    expect(governor.admit({ chat: 'e', isCold: false }).status).toBe('later')
    probe.end({ status: 'sent' })
    expect(governor.admit({ chat: 'e', isCold: false }).status).toBe('now')
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })

  test('gives out new slots after a rest, so that nothing comes in a heap', () => {
    const world = governed({ messagesPerSecond: 80 })
    const { governor, time } = world
    const chats = chatsOf(800)
    for (const chat of chats) {
      const admission = governor.admit({ chat, isCold: false })
      if (admission.status === 'now') admission.end(tooMuch('channel', 20_000))
      if (governor.admit({ chat: 'other', isCold: false }).status === 'later') break
    }
    for (const chat of chats) governor.admit({ chat, isCold: false })
    time.nowMs += 20_000
    expect(mostInASecond(play(world, chats))).toBeLessThanOrEqual(80)
  })

  test('counts what was refused together as one refusal, and never rests longer than an hour', () => {
    const { governor, time } = governed({})
    const permits = chatsOf(20).map((chat) => permit(governor.admit({ chat, isCold: false })))
    for (const each of permits) each.end(tooMuch('channel'))
    expect(governor.admit({ chat: 'x', isCold: false })).toMatchObject({ atMs: noon + 1000 })
    time.nowMs += 1000
    permit(governor.admit({ chat: 'x', isCold: false })).end(tooMuch('channel', 10 ** 12))
    expect(governor.admit({ chat: 'x', isCold: false })).toMatchObject({ atMs: noon + 1000 + 3_600_000 })
  })

  test('has no more on its way at once than it may', () => {
    const { governor } = governed({}, { maxInFlight: () => 2 })
    const [first] = ['a', 'b'].map((chat) => permit(governor.admit({ chat, isCold: false })))
    expect(governor.admit({ chat: 'c', isCold: false }).status).toBe('later')
    first?.end({ status: 'sent' })
    expect(governor.admit({ chat: 'c', isCold: false }).status).toBe('now')
  })

  test('does not count as down for refusing what is wrong', () => {
    const { governor } = governed({})
    for (let failure = 0; failure < 20; failure += 1) {
      const refused = { status: 'failed', retryable: false, reason: '131026' } as const
      permit(governor.admit({ chat: `c${failure}`, isCold: false })).end(refused)
    }
    expect(governor.admit({ chat: 'd', isCold: false }).status).toBe('now')
  })
})

describe('a chat', () => {
  const perChat = { everyMs: 6000, burst: 45 }

  test('gets 45 at once and then one every six seconds, and no other chat waits for it', () => {
    const world = governed({ perChat })
    const sentMs = play(world, Array<string>(50).fill('one'))
    expect(sentMs.filter((atMs) => atMs === noon)).toHaveLength(45)
    expect(sentMs.slice(45).map((atMs) => atMs - noon)).toEqual([6000, 12_000, 18_000, 24_000, 30_000])
    expect(world.governor.admit({ chat: 'two', isCold: false }).status).toBe('now')
  })

  test('rests 4, 16, 64 seconds when the provider refuses, until something goes through', () => {
    const { governor, time } = governed({ perChat })
    for (const seconds of [4, 16, 64]) {
      permit(governor.admit({ chat: 'one', isCold: false })).end(tooMuch('chat'))
      expect(governor.admit({ chat: 'one', isCold: false })).toMatchObject({ atMs: time.nowMs + seconds * 1000 })
      expect(governor.admit({ chat: `other-${seconds}`, isCold: false }).status).toBe('now')
      time.nowMs += seconds * 1000
    }
    permit(governor.admit({ chat: 'one', isCold: false })).end({ status: 'sent' })
    permit(governor.admit({ chat: 'one', isCold: false })).end(tooMuch('chat'))
    expect(governor.admit({ chat: 'one', isCold: false })).toMatchObject({ atMs: time.nowMs + 4000 })
  })
})

describe('cold messages', () => {
  const isCold = true

  test('are capped by the day of the tenant', () => {
    const world = governed({ cold: { perDay: 3, timeZone: 'Asia/Kolkata' } })
    const sentMs = play(world, chatsOf(7), isCold)
    const midnight = Date.UTC(2026, 10, 21, 18, 30)
    expect(sentMs).toEqual([noon, noon, noon, midnight, midnight, midnight, midnight + 86_400_000])
    expect(world.governor.admit({ chat: 'asks', isCold: false }).status).toBe('now')
  })

  test('grow day by day while the number is new', () => {
    const sentMs = play(governed({ cold: { perDay: 30, warmUp: { firstDay: 5, factor: 2 } } }), chatsOf(100), isCold)
    const days = Map.groupBy(sentMs, (atMs) => new Date(atMs).toISOString().slice(0, 10))
    expect([...days.values()].map((day) => day.length)).toEqual([5, 10, 20, 30, 30, 5])
  })

  test('keep quiet at night, and answers do not', () => {
    const world = governed({ cold: { quietHours: { from: '21:00', until: '08:00' }, timeZone: 'America/Sao_Paulo' } })
    world.time.nowMs = Date.UTC(2026, 10, 22, 1, 0)
    expect(world.governor.admit({ chat: 'a', isCold: false }).status).toBe('now')
    expect(play(world, chatsOf(2), isCold)).toEqual([Date.UTC(2026, 10, 22, 11, 0), Date.UTC(2026, 10, 22, 11, 0)])
  })

  test('leave a random pause between them', () => {
    const sentMs = play(governed({ cold: { pauseMs: { least: 1000, most: 3000 } } }), chatsOf(3), isCold)
    expect(sentMs.map((atMs) => atMs - noon)).toEqual([0, 2000, 4000])
  })

  test('are counted across a restart, and so are busy chats and pauses', () => {
    const limits = { perChat: { everyMs: 6000, burst: 4 }, cold: { perDay: 2 } }
    const { governor } = governed(limits)
    for (const chat of ['a', 'b']) permit(governor.admit({ chat, isCold })).end({ status: 'sent' })
    const permits = [1, 2, 3, 4].map(() => permit(governor.admit({ chat: 'c', isCold: false })))
    for (const each of permits) each.end(tooMuch('channel', 5000))
    const again = governed(limits)
    again.governor.restore(written(governor.toLastRecord()))
    again.time.nowMs = noon + 5000
    expect(again.governor.admit({ chat: 'c', isCold: false })).toMatchObject({ atMs: noon + 6000 })
    expect(again.governor.admit({ chat: 'd', isCold })).toMatchObject({ atMs: Date.UTC(2026, 10, 22) })
  })
})

describe('what was kept', () => {
  const lately = { chat: 'lately', isCold: false }

  test('counts for no longer than the limits of now can mean', () => {
    const old = governed({ perChat: { everyMs: 3_600_000, burst: 5 } })
    for (let index = 0; index < 5; index += 1) permit(old.governor.admit(lately)).end({ status: 'sent' })
    permit(old.governor.admit({ chat: 'other', isCold: false })).end({ status: 'sent' })
    const record = written(old.governor.toLastRecord())
    expect(waits(governed({}), record)).toEqual([0, 0])
    expect(waits(governed({ perChat: { everyMs: 6000, burst: 10 } }), record)).toEqual([6000, 6000])
    expect(waits(governed({ perChat: { everyMs: 3_600_000, burst: 5 } }), record)).toEqual([3_600_000, 0])
  })

  test('by a clock that was a day ahead binds nobody for that day', () => {
    const limits = { messagesPerSecond: 10, perChat: { everyMs: 6000, burst: 45 } }
    const ahead = governed(limits)
    ahead.time.nowMs = noon + 86_400_000
    for (let index = 0; index < 5; index += 1) permit(ahead.governor.admit(lately)).end({ status: 'sent' })
    permit(ahead.governor.admit({ chat: 'paused', isCold: false })).end(tooMuch('chat', 3_600_000))
    const record = written(ahead.governor.toLastRecord())
    expect(Math.max(...waits(governed(limits), record))).toBeLessThanOrEqual(6000)
    const { governor } = governed(limits)
    governor.restore(record)
    expect(governor.admit({ chat: 'paused', isCold: false })).toMatchObject({ atMs: noon + 3_600_000 })
  })

  /** How long `lately` and a new chat have to wait. */
  function waits({ governor, time }: ReturnType<typeof governed>, record: GovernorRecord): readonly number[] {
    governor.restore(record)
    return [lately, { chat: 'new', isCold: false }].map((leaving) => {
      const admission = governor.admit(leaving)
      return admission.status === 'now' ? 0 : admission.atMs - time.nowMs
    })
  }
})

describe('a message that never left', () => {
  test('gives back its place in the channel, in its chat and among the cold ones', () => {
    const limits = {
      messagesPerSecond: 1,
      perChat: { everyMs: 6000, burst: 1 },
      cold: { perDay: 1, pauseMs: { least: 60_000, most: 60_000 } },
    }
    for (const isCold of [false, true]) {
      // A campaign leaves some of the speed to answers: of one message a second nothing would be left.
      const world = governed(isCold ? { ...limits, messagesPerSecond: 5 } : limits)
      const { governor } = world
      permit(governor.admit({ chat: 'a', isCold })).end(undefined)
      permit(governor.admit({ chat: 'a', isCold })).end({ status: 'sent' })
      expect(governor.admit({ chat: 'a', isCold }).status).toBe('later')
    }
  })

  test('gives back no more than its own', () => {
    const { governor, time } = governed({ messagesPerSecond: 5, cold: { perDay: 3 } })
    const [first] = ['a', 'b'].map((chat) => permit(governor.admit({ chat, isCold: true })))
    first?.end(undefined)
    expect(governor.toRecord().cold?.sent).toBe(1)
    time.nowMs += 86_400_000
    const yesterday = permit(governor.admit({ chat: 'c', isCold: true }))
    time.nowMs += 86_400_000
    permit(governor.admit({ chat: 'd', isCold: true })).end({ status: 'sent' })
    yesterday.end(undefined)
    expect(governor.toRecord().cold?.sent).toBe(1)
  })

  test('does not begin the days of a new number', () => {
    const { governor } = governed({ cold: { warmUp: { firstDay: 5, factor: 2 } } })
    permit(governor.admit({ chat: 'a', isCold: true })).end(undefined)
    expect(governor.toRecord().cold).toBeUndefined()
  })

  test('lets no more out in a second than may go', () => {
    const world = governed({ messagesPerSecond: 4 })
    let allowed = 0
    const sentMs = play({ ...world, governor: { admit } as Governor }, chatsOf(40))
    expect(mostInASecond(sentMs)).toBe(4)

    /** Every third that may leave does not, and comes back. */
    function admit(leaving: Leaving): Permit | Postponed {
      const admission = world.governor.admit(leaving)
      if (admission.status === 'later') return admission
      allowed += 1
      if (allowed % 3 > 0) return admission
      admission.end(undefined)
      return { status: 'later', atMs: world.time.nowMs + 50, reason: 'it did not leave' }
    }
  })
})

describe('a channel that is not connected', () => {
  test('lets nothing out until it is, and one that says nothing is', () => {
    const { governor } = governed({})
    expect(governor.isAway).toBe(false)
    for (const state of ['connecting', 'disconnected', 'needs-login'] as const) {
      governor.connection(state)
      expect(governor.isAway).toBe(true)
      expect(governor.admit({ chat: 'a', isCold: false })).toMatchObject({ reason: 'the channel is not connected' })
    }
    for (const state of ['connected', 'stopped', undefined] as const) {
      governor.connection('disconnected')
      governor.connection(state)
      expect(governor.admit({ chat: 'a', isCold: false }).status).toBe('now')
    }
  })
})

describe('what a restart must not forget', () => {
  const limits = {
    messagesPerSecond: 80,
    perChat: { everyMs: 6000, burst: 45 },
    cold: { pauseMs: { least: 60_000, most: 60_000 } },
  }

  /** The next process, which begins `afterMs` after the last one has ended or died. */
  function next(world: ReturnType<typeof governed>, record: GovernorRecord, afterMs: number) {
    const again = governed(limits)
    again.time.nowMs = world.time.nowMs + afterMs
    again.governor.restore(written(record))
    return again
  }

  test('is the pause between cold messages, which is written before each of them', () => {
    const world = governed(limits)
    const cold = permit(world.governor.admit({ chat: 'a', isCold: true }))
    expect(cold.mustRemember).toBe(true)
    const again = next(world, world.governor.toRecord(), 20_000)
    expect(again.governor.admit({ chat: 'b', isCold: true })).toMatchObject({ atMs: noon + 60_000 })
  })

  test('is no pause that is longer than it can be', () => {
    const { governor } = governed(limits)
    governor.restore({ cold: { day: '2026-11-21', firstDay: '2026-11-21', sent: 1, pausedUntilMs: noon * 2 } })
    expect(governor.admit({ chat: 'b', isCold: true })).toMatchObject({ atMs: noon + 60_000 })
  })

  test('is how often in a row the provider refused', () => {
    const world = governed(limits)
    for (let refusal = 0; refusal < 3; refusal += 1) {
      permit(world.governor.admit({ chat: 'a', isCold: false })).end(tooMuch('chat'))
      permit(world.governor.admit({ chat: 'b', isCold: false })).end(tooMuch('channel'))
      if (refusal < 2) world.time.nowMs += 100_000
    }
    const again = next(world, world.governor.toRecord(), 0)
    expect(again.governor.admit({ chat: 'b', isCold: false })).toMatchObject({ atMs: world.time.nowMs + 4000 })
    again.time.nowMs += 4000
    expect(again.governor.admit({ chat: 'a', isCold: false })).toMatchObject({ atMs: world.time.nowMs + 64_000 })
    again.time.nowMs += 60_000
    permit(again.governor.admit({ chat: 'a', isCold: false })).end(tooMuch('chat'))
    expect(again.governor.admit({ chat: 'a', isCold: false })).toMatchObject({ atMs: again.time.nowMs + 256_000 })
  })

  test('is a channel that is down: one message tries it', () => {
    const world = governed(limits)
    for (let failure = 0; failure < 5; failure += 1) {
      permit(world.governor.admit({ chat: `c${failure}`, isCold: false })).end({ status: 'uncertain', reason: '' })
    }
    const again = next(world, world.governor.toLastRecord(), 10_000)
    expect(again.governor.admit({ chat: 'a', isCold: false })).toMatchObject({ atMs: noon + 30_000 })
    again.time.nowMs = noon + 30_000
    permit(again.governor.admit({ chat: 'a', isCold: false }))
    expect(again.governor.admit({ chat: 'b', isCold: false }).status).toBe('later')
  })

  test.each([0, 1, 10, 22, 23, 30, 44, 45])(
    'is the pace of a chat, also after a kill that followed %i messages, with few writes',
    (before) => {
      const world = governed(limits)
      let record = world.governor.toRecord()
      let writes = 0
      for (let sent = 0; sent < before; sent += 1) {
        const one = permit(world.governor.admit({ chat: 'one', isCold: false }))
        if (one.mustRemember) record = world.governor.toRecord()
        if (one.mustRemember) writes += 1
        one.end({ status: 'sent' })
      }
      expect(writes).toBeLessThanOrEqual(before <= 23 ? 0 : 2)
      for (const [again, least] of [
        [next(world, record, 1000), 0],
        [next(world, world.governor.toLastRecord(), 1000), 45 - before - 1],
      ] as const) {
        // A second has given back a sixth of a message.
        const left = 45 - before
        const atMs = world.time.nowMs + 2000
        const sentMs = play(again, Array<string>(50).fill('one')).filter((sent) => sent <= atMs)
        expect(sentMs.length).toBeLessThanOrEqual(left)
        expect(sentMs.length).toBeGreaterThanOrEqual(Math.min(least, 22))
      }
    },
  )

  test('is the last second of the channel', () => {
    const world = governed(limits)
    for (const chat of chatsOf(80)) permit(world.governor.admit({ chat, isCold: false })).end({ status: 'sent' })
    for (const record of [world.governor.toRecord(), world.governor.toLastRecord()]) {
      const { governor } = next(world, record, 0)
      expect(governor.admit({ chat: 'a', isCold: false })).toMatchObject({ atMs: noon + 1000 })
    }
    const { governor } = next(world, world.governor.toLastRecord(), 1000)
    expect(governor.admit({ chat: 'a', isCold: false }).status).toBe('now')
  })

  test('is nothing where there are no limits, and nothing that cannot be read', () => {
    expect(writeRecord(governed({}).governor.toRecord())).toBeUndefined()
    for (const json of [
      undefined,
      '',
      'null',
      '[',
      '{"chats":3}',
      '{"cold":{"sent":"many"}}',
      '{"pausedUntilMs":"x"}',
    ]) {
      expect(readRecord(json)).toEqual({})
    }
    expect(readRecord('{"pausedUntilMs":5,"chats":[["a",1,2]]}')).toEqual({ pausedUntilMs: 5, chats: [['a', 1, 2]] })
  })
})

test.each<[SendLimits, string]>([
  [{ messagesPerSecond: 0 }, 'messagesPerSecond'],
  [{ perChat: { everyMs: -1, burst: 1 } }, 'perChat.everyMs'],
  [{ cold: { timeZone: 'Nowhere' } }, 'cold.timeZone'],
  [{ cold: { quietHours: { from: '25:00', until: '08:00' } } }, 'cold.quietHours.from'],
  [{ cold: { pauseMs: { least: 5, most: 1 } } }, 'cold.pauseMs.most'],
])('refuses limits that mean nothing: %j', (limits, where) => {
  expect(() => checkLimits(limits, 'limits')).toThrow(`limits.${where}`)
})

function tooMuch(slowDown: 'chat' | 'channel', retryAfterMs?: number) {
  const refused = { status: 'failed', retryable: true, reason: '429', slowDown } as const
  return retryAfterMs === undefined ? refused : { ...refused, retryAfterMs }
}

/** As the storage gives it back. */
function written(record: GovernorRecord): GovernorRecord {
  return readRecord(writeRecord(record))
}
