import { FeatureIndex } from './feature-index.ts'
import {
  BinaryTrainer,
  type LinearModel,
  type LinearModelOptions,
  scoreFeatures,
  setClass,
  trainLinearModel,
} from './linear-model.ts'
import { type TermWeights, weighRows, weighTerms } from './term-weights.ts'
import { type CountedTexts, countTexts, type FeatureCounter } from './text-features.ts'

/** Label of texts that belong to none of the intents. */
const background = -1

export interface ModelOptions extends LinearModelOptions {
  readonly minimumTexts: number
  readonly unknownShare: number
}

/** Term weights and linear model, learned from some of the rows of a corpus. */
export interface TrainedModel {
  readonly weights: TermWeights
  /** Values of all rows of the corpus under these term weights. */
  readonly values: Float32Array
  /** One class an intent and last the one for none, whose score is 0 until `learnNone`. */
  readonly model: LinearModel
}

/**
 * All texts that training looks at, counted once: first the examples, then one empty text (which belongs to none,
 * whatever the intents are), then the out-of-scope sentences.
 */
export class Corpus {
  readonly index = new FeatureIndex()
  readonly texts: CountedTexts
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
    this.labels = new Int32Array(texts.length).fill(background)
    this.labels.set(examples.labels)
  }

  /** Learns the intents from these examples. */
  learnIntents(examples: Int32Array, options: ModelOptions): TrainedModel {
    const weights = weighTerms(this.texts, examples, { ...options, featureCount: this.index.size })
    const values = weighRows(this.texts, weights)
    const data = this.trainingRows(values, Int32Array.of(this.emptyRow), examples)
    return { weights, values, model: trainLinearModel(data, this.intentCount, options) }
  }

  /**
   * Learns to tell these out-of-scope sentences from these examples. The intents need not be learned again for it:
   * a hundred more strangers change them little.
   */
  learnNone(
    trained: TrainedModel,
    rows: { examples: Int32Array; outOfScope: Int32Array },
    options: ModelOptions,
  ): void {
    if (rows.outOfScope.length === 0) return
    const data = this.trainingRows(trained.values, rows.outOfScope, rows.examples)
    const noneWeights = new BinaryTrainer(data, options).train(background)
    if (noneWeights !== undefined) setClass(trained.model, this.intentCount, noneWeights)
  }

  score(row: number, trained: TrainedModel, scores: Float64Array): void {
    const { features, starts } = this.texts
    const start = starts[row] as number
    const end = starts[row + 1] as number
    scoreFeatures(trained.model, { features, values: trained.values, start, end }, scores)
  }

  private trainingRows(values: Float32Array, first: Int32Array, second: Int32Array) {
    const rows = new Int32Array(first.length + second.length)
    rows.set(first)
    rows.set(second, first.length)
    const { starts, features } = this.texts
    return { starts, features, values, labels: this.labels, rows, featureCount: this.index.size }
  }
}
