import { expect, it } from 'vitest'
import { calibrate, fitCalibration, ScoreSheet } from './calibration.ts'

it('probabilities add up to 1 and keep the order of scores', () => {
  const scores = Float64Array.of(0.9, -0.2, -1, 0)
  calibrate(scores, { scale: 4, noneBias: 0, noneScale: 1 })

  expect(scores.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1)
  expect(scores[0]).toBeGreaterThan(scores[1] as number)
})

it('when scores are right half of the time, so are the probabilities', () => {
  const sheet = new ScoreSheet(2)
  for (let row = 0; row < 400; row++) sheet.add(Float64Array.of(1, -1, 0), row % 2)
  const scores = Float64Array.of(1, -1, 0)
  calibrate(scores, fitCalibration(sheet.finish(), 0.1))

  // The smallest scale keeps a little trust in scores.
  expect(scores[0]).toBeLessThan(0.75)
})

it('scores that are always right become near certain', () => {
  const sheet = new ScoreSheet(2)
  for (let row = 0; row < 400; row++)
    sheet.add(row % 4 ? Float64Array.of(1, -1, 0) : Float64Array.of(-1, -1, 0), row % 4 ? 0 : 2)
  const scores = Float64Array.of(1, -1, 0)
  calibrate(scores, fitCalibration(sheet.finish(), 0.2))

  expect(scores[0]).toBeGreaterThan(0.97)
})
