import { expect, test } from 'vitest'
import { pricesOf, usageOf } from './prices.ts'

const million = 1_000_000

test('knows the price of the default model and of dated snapshots', () => {
  expect(usageOf({ input: million, cachedInput: 0, output: million }, pricesOf('gpt-6-luna')).costUsd).toBeCloseTo(0.6)
  expect(pricesOf('gpt-5.4-mini-2026-03-17')).toEqual(pricesOf('gpt-5.4-mini'))
})

test('counts a model without a known price as costing nothing, but counts its tokens', () => {
  for (const model of ['llama-4', 'constructor', 'gpt-6-luna-fast']) {
    expect(usageOf({ input: 10, cachedInput: 4, output: 5 }, pricesOf(model))).toEqual({
      inputTokens: 10,
      outputTokens: 5,
      costUsd: 0,
    })
  }
})

test('prices cached input apart, where its price is known', () => {
  const tokens = { input: million, cachedInput: 400_000, output: 0 }
  const prices = { inputPerMillionUsd: 1, outputPerMillionUsd: 2 }
  expect(usageOf(tokens, prices).costUsd).toBeCloseTo(1)
  expect(usageOf(tokens, { ...prices, cachedInputPerMillionUsd: 0.1 }).costUsd).toBeCloseTo(0.64)
})

test('does not count more cached input than input', () => {
  const prices = { inputPerMillionUsd: 1, outputPerMillionUsd: 2, cachedInputPerMillionUsd: 0.5 }
  expect(usageOf({ input: million, cachedInput: 2 * million, output: 0 }, prices).costUsd).toBeCloseTo(0.5)
})
