import { FeatureIndex } from './feature-index.ts'
import { type LinearModel, type LinearModelOptions, scoreHeldOut, trainLinearModel } from './linear-model.ts'
import { type TermWeights, weighRows, weighTerms } from './term-weights.ts'
import { type CountedTexts, countTexts, type FeatureCounter } from './text-features.ts'
import { unlikeExamples } from './unlike-examples.ts'

export interface ModelOptions extends LinearModelOptions {
  readonly minimumTexts: number
  readonly unknownShare: number
}

/** About as many new ones as a short text brings; the index grows where that is too few. */
const featuresOfText = 64

interface CorpusTexts {
  readonly examples: readonly string[]
  /** The intents' numbers, one an example. */
  readonly labels: Int32Array
  readonly intentCount: number
  readonly outOfScope: readonly string[]
  /** Sentences that are out of scope unless they resemble the examples. */
  readonly background: readonly string[]
}

/**
 * All texts that training looks at, counted once: first the examples, then one empty text (which belongs to none,
 * whatever the intents are), then the strangers: out-of-scope sentences and background.
 */
export class Corpus {
  readonly index: FeatureIndex
  /** The intents' numbers; intentCount for texts that belong to none. */
  readonly labels: Int32Array
  readonly intentCount: number
  readonly exampleRows: Int32Array
  readonly strangerRows: Int32Array
  private readonly texts: CountedTexts
  private readonly emptyRow: number
  /** Of the model that is being trained; the next one's take their place. */
  private readonly values: Float32Array

  constructor({ examples, labels, intentCount, outOfScope, background }: CorpusTexts, counter: FeatureCounter) {
    const texts = [...examples, '', ...outOfScope, ...background]
    this.index = new FeatureIndex(texts.length * featuresOfText)
    this.intentCount = intentCount
    this.emptyRow = examples.length
    this.texts = countTexts(texts, this.index, counter)
    this.values = new Float32Array(this.texts.features.length)
    this.labels = new Int32Array(texts.length).fill(intentCount)
    this.labels.set(labels)
    const rows = Int32Array.from(texts, (_, row) => row)
    const firstOfBackground = texts.length - background.length
    this.exampleRows = rows.subarray(0, examples.length)
    const unlike = unlikeExamples(this.texts, rows.subarray(firstOfBackground), {
      rows: this.exampleRows,
      labels,
      intentCount,
      featureCount: this.index.size,
    })
    this.strangerRows = Int32Array.from([...rows.subarray(examples.length + 1, firstOfBackground), ...unlike])
  }

  /** Learns the intents, and what is none of them, from all examples and strangers. */
  learn(options: ModelOptions): { weights: TermWeights; model: LinearModel } {
    const { weights, data } = this.prepare([this.exampleRows, this.strangerRows], options)
    return { weights, model: trainLinearModel(data, this.intentCount, options) }
  }

  /** Learns from the rows of `training` and scores those of `heldOut`, one after the other. */
  learnAndScore(training: readonly Int32Array[], heldOut: Int32Array, options: ModelOptions): Float64Array {
    const { data } = this.prepare(training, options)
    return scoreHeldOut(data, heldOut, { ...options, classCount: this.intentCount })
  }

  private prepare([examples, strangers]: readonly Int32Array[], options: ModelOptions) {
    const rows = Int32Array.from([this.emptyRow, ...(strangers ?? []), ...(examples ?? [])])
    // Not the empty text: it says nothing about how rare a word is.
    const { minimumTexts, unknownShare } = options
    const termOptions = { minimumTexts, unknownShare, featureCount: this.index.size }
    const weights = weighTerms(this.texts, rows.subarray(1), termOptions)
    weighRows(this.texts, weights, this.values)
    const { starts, features } = this.texts
    return {
      weights,
      data: { starts, features, values: this.values, labels: this.labels, rows, featureCount: this.index.size },
    }
  }
}
