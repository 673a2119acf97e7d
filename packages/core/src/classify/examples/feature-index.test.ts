import { expect, it } from 'vitest'
import { FeatureIndex } from './feature-index.ts'

it('numbers features in the order in which they come, and finds them again after growing', () => {
  const index = new FeatureIndex(4)
  const hashes = Array.from({ length: 5000 }, (_, at) => Math.imul(at, 0x85ebca6b))
  hashes.forEach((hash, at) => {
    expect(index.add(hash)).toBe(at)
  })

  expect(hashes.every((hash, at) => index.find(hash) === at && index.add(hash) === at)).toBe(true)
  expect(index.find(12345)).toBe(-1)
  expect(index.size).toBe(5000)
})

it('compacting keeps what is wanted under new numbers', () => {
  const index = new FeatureIndex()
  for (const hash of [10, 0, -7, 99]) index.add(hash)
  const { index: kept, renumbered } = index.compact((feature) => feature !== 1)

  expect([...renumbered]).toEqual([0, -1, 1, 2])
  expect([10, 0, -7, 99].map((hash) => kept.find(hash))).toEqual([0, -1, 1, 2])
})
