import { expect, it } from 'vitest'
import { chooseThreshold, type HeldOutOutcome } from './threshold.ts'

const outcome = (truth: HeldOutOutcome['truth'], confidence: number): HeldOutOutcome => ({ truth, confidence })

it('lies between strangers and right answers when they are apart', () => {
  const outcomes = [outcome('none', 0.2), outcome('right', 0.4), outcome('none', 0.3), outcome('right', 0.9)]

  expect(chooseThreshold(outcomes, { maximumLoss: 0, noneValue: 1 })).toBeCloseTo(0.35)
})

it('loses no more right answers than allowed', () => {
  const right = Array.from({ length: 10 }, (_, at) => outcome('right', 0.3 + at / 100))
  const none = Array.from({ length: 10 }, () => outcome('none', 0.9))

  expect(chooseThreshold([...right, ...none], { maximumLoss: 0.2, noneValue: 100 })).toBeLessThanOrEqual(0.32)
})

it('without strangers it is as high as the allowed loss lets it be', () => {
  const right = Array.from({ length: 10 }, (_, at) => outcome('right', at / 10))

  expect(chooseThreshold(right, { maximumLoss: 0.2, noneValue: 1 })).toBeCloseTo(0.2)
})

it('without any outcome everything that is known is answered', () => {
  expect(chooseThreshold([], { maximumLoss: 0.1, noneValue: 1 })).toBe(0)
})

it('is not above one half, where strangers look more like members than not', () => {
  const right = Array.from({ length: 10 }, (_, at) => outcome('right', 0.45 + at / 20))
  const none = Array.from({ length: 10 }, () => outcome('none', 0.7))

  expect(chooseThreshold([...right, ...none], { maximumLoss: 1, noneValue: 100 })).toBeLessThanOrEqual(0.5)
})
