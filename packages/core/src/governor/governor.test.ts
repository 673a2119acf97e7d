import { describe, expect, test } from 'vitest'
import { Governor, type GovernorOptions, type Permit } from './governor.ts'
import { checkLimits, type SendLimits } from './limits.ts'

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
    const { governor } = governed({}, { maxInFlight: 2 })
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
    again.governor.restore(JSON.parse(JSON.stringify(governor.toRecord())))
    again.time.nowMs = noon + 5000
    expect(again.governor.admit({ chat: 'c', isCold: false })).toMatchObject({ atMs: noon + 6000 })
    expect(again.governor.admit({ chat: 'd', isCold })).toMatchObject({ atMs: Date.UTC(2026, 10, 22) })
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
