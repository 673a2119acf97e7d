import fc from 'fast-check'
import { expect, it } from 'vitest'
import { planRounds } from './held-out-rounds.ts'

const labels = fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }).map((numbers) => Int32Array.from(numbers))

it('no round scores what it trains on, nor an intent it knows as a stranger', () => {
  fc.assert(
    fc.property(labels, fc.nat(100), (all, seed) => {
      for (const round of planRounds(all, 6, { parts: 5, rounds: 5, holdOutIntents: true, seed })) {
        const training = new Set(round.training)
        const trained = new Set(Array.from(round.training, (row) => all[row]))
        for (const row of round.members) expect(!training.has(row) && trained.has(all[row])).toBe(true)
        for (const row of round.strangers) expect(trained.has(all[row])).toBe(false)
      }
    }),
  )
})

it('over all rounds every example is a member at most once and a stranger once', () => {
  const all = Int32Array.from({ length: 60 }, (_, row) => row % 6)
  const rounds = planRounds(all, 6, { parts: 5, rounds: 5, holdOutIntents: true, seed: 1 })
  const members = rounds.flatMap((round) => [...round.members])
  const strangers = rounds.flatMap((round) => [...round.strangers])

  expect(new Set(members).size).toBe(members.length)
  expect(strangers.sort((first, second) => first - second)).toEqual(Array.from(all, (_, row) => row))
})
