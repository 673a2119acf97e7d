import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Governor } from './governor.ts'
import { readRecord, writeRecord } from './record.ts'

const beganMs = Date.UTC(2026, 10, 21, 12, 0)

/** What happens next, after a while. */
const step = fc.record({
  waitMs: fc.oneof({ weight: 4, arbitrary: fc.nat(50) }, fc.nat(2000)),
  what: fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom('one', 'two') },
    { weight: 4, arbitrary: fc.constant('cold') },
    { weight: 1, arbitrary: fc.constantFrom('killed', 'restarted') },
  ),
  leaves: fc.boolean(),
})
const limits = fc.record({
  messagesPerSecond: fc.integer({ min: 1, max: 20 }),
  perChat: fc.record({ everyMs: fc.integer({ min: 200, max: 6000 }), burst: fc.integer({ min: 1, max: 60 }) }),
  cold: fc.constant({ perDay: 5, pauseMs: { least: 3000, most: 5000 } }),
})

/** When each message went out, by chat; a kill leaves only what was written. */
function play(
  given: typeof limits extends fc.Arbitrary<infer L> ? L : never,
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  let nowMs = beganMs
  const clock = { now: () => nowMs, after: () => () => undefined }
  const begin = () => new Governor({ limits: given, clock, random: () => 0, onCircuit: () => undefined })
  let governor = begin()
  let disk = writeRecord(governor.toRecord())
  let savedMs = nowMs
  const sent: { readonly chat: string; readonly atMs: number }[] = []
  for (const { waitMs, what, leaves } of steps) {
    nowMs += waitMs
    if (nowMs - savedMs >= 1000) {
      disk = writeRecord(governor.toRecord())
      savedMs = nowMs
    }
    if (what === 'killed' || what === 'restarted') {
      if (what === 'restarted') disk = writeRecord(governor.toLastRecord())
      governor = begin()
      governor.restore(readRecord(disk))
      disk = writeRecord(governor.toRecord())
      continue
    }
    const admission = governor.admit({ chat: what, isCold: what === 'cold' })
    if (admission.status === 'later') continue
    if (admission.mustRemember) disk = writeRecord(governor.toRecord())
    admission.end(leaves ? { status: 'sent' } : undefined)
    if (leaves) sent.push({ chat: what, atMs: nowMs })
  }
  return sent
}

test('however often a process is killed, no limit is exceeded', () => {
  fc.assert(
    fc.property(limits, fc.array(step, { minLength: 100, maxLength: 600, size: 'max' }), (given, steps) => {
      const sent = play(given, steps)
      const atMs = (chat?: string) => sent.filter((each) => !chat || each.chat === chat).map((each) => each.atMs)
      const { messagesPerSecond, perChat } = given
      // Who comes up to 100 ms late for a slot may still take it.
      expect(soonest(atMs(), messagesPerSecond)).toBeGreaterThanOrEqual(900)
      for (const chat of ['one', 'two']) {
        expect(soonest(atMs(chat), perChat.burst)).toBeGreaterThanOrEqual(perChat.everyMs)
      }
      expect(atMs('cold').length).toBeLessThanOrEqual(5)
      expect(soonest(atMs('cold'), 1)).toBeGreaterThanOrEqual(3000)
    }),
    { numRuns: 150, seed: 7 },
  )
})

/** How soon after a message at the earliest the one goes out that is `count` behind it. */
function soonest(atMs: readonly number[], count: number): number {
  return Math.min(...atMs.slice(count).map((later, index) => later - (atMs[index] ?? 0)), Number.POSITIVE_INFINITY)
}
