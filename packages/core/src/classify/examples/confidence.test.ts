import { expect, it } from 'vitest'
import { calibrate, ScoreSheet } from './calibration.ts'
import { bestIntent, isNone, learnConfidence } from './confidence.ts'

/** Members of which each tenth looks like a stranger, and as many strangers. */
function heldOut() {
  const sheet = new ScoreSheet(2)
  for (let row = 0; row < 200; row++) {
    const score = row % 10 === 0 ? -0.9 : 0.5
    sheet.add(
      row % 2 ? Float64Array.of(score, -1, -score) : Float64Array.of(-1, score, -score),
      row % 2 ? 0 : 1,
      'member',
    )
    sheet.add(Float64Array.of(-0.9 + (row % 7) / 20, -1, 0.8), 2, 'stranger')
  }
  return sheet.finish()
}

function answersLikeStranger(maximumLoss: number): boolean {
  const { calibration, threshold } = learnConfidence(heldOut(), { noneShare: 0.5, maximumLoss, noneValue: 1 })
  const scores = Float64Array.of(-0.9, -1, 0.9)
  calibrate(scores, calibration)
  const best = bestIntent(scores)
  return !isNone(scores, best) && (scores[best] as number) >= threshold
}

it('none wins where it is more probable', () => {
  expect(answersLikeStranger(0.5)).toBe(false)
})

it('none takes no more right answers away than allowed', () => {
  expect(answersLikeStranger(0)).toBe(true)
})
