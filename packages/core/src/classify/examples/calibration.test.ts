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
  for (let row = 0; row < 400; row++) sheet.add(Float64Array.of(1, -1, 0), row % 2, 'member')
  const scores = Float64Array.of(1, -1, 0)
  calibrate(scores, fitCalibration(sheet.finish(), 0.1))

  // The smallest scale keeps a little trust in scores.
  expect(scores[0]).toBeLessThan(0.75)
})

it('scores that are always right become near certain', () => {
  const sheet = new ScoreSheet(2)
  for (let row = 0; row < 400; row++) {
    if (row % 4) sheet.add(Float64Array.of(1, -1, 0), 0, 'member')
    else sheet.add(Float64Array.of(-1, -1, 0), 2, 'stranger')
  }
  const scores = Float64Array.of(1, -1, 0)
  calibrate(scores, fitCalibration(sheet.finish(), 0.2))

  expect(scores[0]).toBeGreaterThan(0.97)
})

it('a fit of rows that are told apart perfectly does not run away', () => {
  const sheet = new ScoreSheet(1)
  for (let row = 0; row < 200; row++) {
    if (row % 10) sheet.add(Float64Array.of(-1.2, 1.1), 1, 'stranger')
    else sheet.add(Float64Array.of(-0.2 + row / 1000, 0.1), 0, 'member')
  }
  const calibration = fitCalibration(sheet.finish(), 0.5)
  const member = Float64Array.of(-0.1, 0.1)
  const stranger = Float64Array.of(-1.2, 1.1)
  calibrate(member, calibration)
  calibrate(stranger, calibration)

  expect(member[0]).toBeGreaterThan(0.8)
  expect(stranger[1]).toBeGreaterThan(0.8)
})

it('substitutes count for less than strangers', () => {
  const noneOf = (kind: 'stranger' | 'substitute') => {
    const sheet = new ScoreSheet(1)
    for (let row = 0; row < 100; row++) {
      sheet.add(Float64Array.of(0, 0), 0, 'member')
      sheet.add(Float64Array.of(0.5, 0), 1, kind)
      sheet.add(Float64Array.of(-1, 0), 1, kind === 'stranger' ? 'substitute' : 'stranger')
    }
    const scores = Float64Array.of(0.5, 0)
    calibrate(scores, fitCalibration(sheet.finish(), 0.5))
    return scores[1] as number
  }

  expect(noneOf('substitute')).toBeLessThan(noneOf('stranger'))
})
