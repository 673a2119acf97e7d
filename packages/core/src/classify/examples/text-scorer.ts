import type { FeatureIndex } from './feature-index.ts'
import { type LinearModel, scoreFeatures } from './linear-model.ts'
import { type TermWeights, weighRow } from './term-weights.ts'
import type { FeatureCounter } from './text-features.ts'

/** Features without a weight are dropped: what is left is what predictions need. */
export function dropUnusedFeatures(
  index: FeatureIndex,
  trained: { weights: TermWeights; model: LinearModel },
): { index: FeatureIndex; weights: TermWeights; model: LinearModel } {
  const { known } = trained.weights
  const { classCount } = trained.model
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

/** Scores new texts with a trained model. */
export class TextScorer {
  private readonly index: FeatureIndex
  private readonly weights: TermWeights
  private readonly model: LinearModel
  private readonly counter: FeatureCounter
  private readonly scores: Float64Array
  private values = new Float32Array(256)

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
    const { features, counts, wordEnd, length, unknownWords, unknownCharacters } = counter
    const row = { features, counts, start: 0, wordEnd, end: length, unknownWords, unknownCharacters }
    weighRow(row, this.weights, this.values)
    scoreFeatures(this.model, { features, values: this.values, start: 0, end: length }, this.scores)
    return this.scores
  }
}
