import { FeatureIndex } from './feature-index.ts'
import { type LinearModel, type LinearModelOptions, scoreFeatures, trainLinearModel } from './linear-model.ts'
import { type TermWeights, weighRows, weighTerms } from './term-weights.ts'
import { type CountedTexts, countTexts, type FeatureCounter } from './text-features.ts'

export interface ModelOptions extends LinearModelOptions {
  readonly minimumTexts: number
  readonly unknownShare: number
}

/** Term weights and linear model, learned from some of the rows of a corpus. */
interface TrainedModel {
  readonly weights: TermWeights
  /** Values of all rows of the corpus under these term weights. */
  readonly values: Float32Array
  /** One class an intent and last the one for none. */
  readonly model: LinearModel
}

/**
 * All texts that training looks at, counted once: first the examples, then one empty text (which belongs to none,
 * whatever the intents are), then the out-of-scope sentences.
 */
export class Corpus {
  readonly index = new FeatureIndex()
  readonly texts: CountedTexts
  /** The intents' numbers; intentCount for texts that belong to none. */
  readonly labels: Int32Array
  readonly intentCount: number
  readonly exampleRows: Int32Array
  readonly outOfScopeRows: Int32Array
  private readonly emptyRow: number

  constructor(
    examples: { texts: readonly string[]; labels: Int32Array; intentCount: number },
    outOfScope: readonly string[],
    counter: FeatureCounter,
  ) {
    const exampleCount = examples.texts.length
    this.intentCount = examples.intentCount
    this.emptyRow = exampleCount
    this.exampleRows = Int32Array.from(examples.texts, (_, at) => at)
    this.outOfScopeRows = Int32Array.from(outOfScope, (_, at) => exampleCount + 1 + at)
    const texts = [...examples.texts, '', ...outOfScope]
    this.texts = countTexts(texts, this.index, { learnFrom: exampleCount, counter })
    this.labels = new Int32Array(texts.length).fill(this.intentCount)
    this.labels.set(examples.labels)
  }

  /** Learns the intents, and what is none of them, from these examples and out-of-scope sentences. */
  learn(examples: Int32Array, outOfScope: Int32Array, options: ModelOptions): TrainedModel {
    const weights = weighTerms(this.texts, examples, { ...options, featureCount: this.index.size })
    const values = weighRows(this.texts, weights)
    const rows = Int32Array.from([this.emptyRow, ...outOfScope, ...examples])
    const { starts, features } = this.texts
    const data = { starts, features, values, labels: this.labels, rows, featureCount: this.index.size }
    return { weights, values, model: trainLinearModel(data, this.intentCount, options) }
  }

  score(row: number, trained: TrainedModel, scores: Float64Array): void {
    const { features, starts } = this.texts
    const start = starts[row] as number
    const end = starts[row + 1] as number
    scoreFeatures(trained.model, { features, values: trained.values, start, end }, scores)
  }
}
