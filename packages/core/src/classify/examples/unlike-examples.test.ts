import { expect, it } from 'vitest'
import { FeatureIndex } from './feature-index.ts'
import { countTexts, FeatureCounter } from './text-features.ts'
import { unlikeExamples } from './unlike-examples.ts'

const intents = [
  ['what is the weather today', 'will it rain tomorrow', 'how is the weather'],
  ['what is the price', 'how much is it', 'how much is the box'],
]

function keep(candidates: readonly string[]): string[] {
  const index = new FeatureIndex()
  const examples = intents.flat()
  const texts = countTexts([...examples, ...candidates], index, new FeatureCounter(1000))
  const rows = Int32Array.from([...examples, ...candidates], (_, row) => row)
  const kept = unlikeExamples(texts, rows.subarray(examples.length), {
    rows: rows.subarray(0, examples.length),
    labels: Int32Array.from(intents.flatMap((sentences, intent) => sentences.map(() => intent))),
    intentCount: intents.length,
    featureCount: index.size,
  })
  return Array.from(kept, (row) => candidates[row - examples.length] as string)
}

it('what resembles an intent is left out', () => {
  expect(keep(['how is the weather tomorrow', 'who painted this'])).toEqual(['who painted this'])
})

it('words that all intents have in common resemble none', () => {
  expect(keep(['what is the moon'])).toEqual(['what is the moon'])
})
