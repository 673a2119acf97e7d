import type { FeatureIndex } from './feature-index.ts'
import { type LinearModel, scoreFeatures } from './linear-model.ts'
import { type TermWeights, weighRows } from './term-weights.ts'
import type { CountedTexts, FeatureCounter } from './text-features.ts'

/** Drops features without a weight, if they are many: what is left is what predictions need. */
export function dropUnusedFeatures(
  index: FeatureIndex,
  trained: { weights: TermWeights; model: LinearModel },
): { index: FeatureIndex; weights: TermWeights; model: LinearModel } {
  const { known } = trained.weights
  const { classCount } = trained.model
  let used = 0
  for (let feature = 0; feature < known.length; feature++) if ((known[feature] as number) > 0) used++
  if (used > worthKeeping * known.length) return { index, ...trained }
  const { index: kept, renumbered } = index.compact((feature) => (known[feature] as number) > 0)
  const keptKnown = new Float32Array(kept.size)
  const keptWeights = new Float32Array(kept.size * classCount)
  renumbered.forEach((feature, old) => {
    if (feature < 0) return
    keptKnown[feature] = known[old] as number
    const row = trained.model.weights.subarray(old * classCount, (old + 1) * classCount)
    keptWeights.set(row, feature * classCount)
  })
  return {
    index: kept,
    weights: { ...trained.weights, known: keptKnown },
    model: { ...trained.model, weights: keptWeights },
  }
}

/** With this share of features in use the copy costs more, at the start of a process, than the others take up. */
const worthKeeping = 0.75

/** Scores new texts with a trained model. */
export class TextScorer {
  private readonly index: FeatureIndex
  private readonly weights: TermWeights
  private readonly model: LinearModel
  private readonly counter: FeatureCounter
  private readonly scores: Float64Array
  private values = new Float32Array(256)
  private readonly starts = new Int32Array(2)
  private readonly wordEnds = new Int32Array(1)
  private readonly unknownWords = new Int32Array(1)
  private readonly unknownCharacters = new Int32Array(1)

  constructor(parts: { index: FeatureIndex; weights: TermWeights; model: LinearModel }, counter: FeatureCounter) {
    this.index = parts.index
    this.weights = parts.weights
    this.model = parts.model
    this.counter = counter
    this.scores = new Float64Array(parts.model.classCount)
  }

  /** One score an intent and last the one for none, valid until the next call; undefined when nothing is known. */
  score(text: string): Float64Array | undefined {
    const { counter } = this
    counter.count(text, this.index, false)
    if (counter.length === 0) return undefined
    if (this.values.length < counter.length) this.values = new Float32Array(counter.length * 2)
    const { features, length } = counter
    weighRows(this.asOnlyRow(), this.weights, this.values)
    scoreFeatures(this.model, { features, values: this.values, start: 0, end: length }, this.scores)
    return this.scores
  }

  private asOnlyRow(): CountedTexts {
    const { features, counts, length, wordEnd, unknownWords, unknownCharacters } = this.counter
    this.starts[1] = length
    this.wordEnds[0] = wordEnd
    this.unknownWords[0] = unknownWords
    this.unknownCharacters[0] = unknownCharacters
    const { starts, wordEnds } = this
    return {
      starts,
      wordEnds,
      features,
      counts,
      unknownWords: this.unknownWords,
      unknownCharacters: this.unknownCharacters,
    }
  }
}
