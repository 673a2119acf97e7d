import { SeededRandom } from './random.ts'

/** Weighted rows with a label each: row r is `features[starts[r]..starts[r + 1])` with `values` at the same places. */
interface TrainingRows {
  readonly starts: Int32Array
  readonly features: Int32Array
  readonly values: Float32Array
  readonly labels: Int32Array
  /** The rows that take part. */
  readonly rows: Int32Array
  readonly featureCount: number
}

export interface LinearModelOptions {
  /** Weight of training errors against large weights (the C of support vector machines). */
  readonly cost: number
  /** Most passes over the rows that still matter, a class. */
  readonly passes: number
  readonly seed: number
}

/** Scores are `bias + features · weights`, about 1 for a clear member of the class and -1 for a clear stranger. */
export interface LinearModel {
  /** `[feature][class]`, so that the weights a text needs lie together. */
  readonly weights: Float32Array
  readonly biases: Float32Array
  readonly classCount: number
}

/**
 * One linear support vector machine a class, for the labels 0 to classCount - 1, each against all other rows. Rows with
 * the label classCount are strangers; they make up a class more, the last one.
 */
export function trainLinearModel(data: TrainingRows, classCount: number, options: LinearModelOptions): LinearModel {
  const trainer = new BinaryTrainer(data, options)
  const columns = classCount + 1
  const weights = new Float32Array(data.featureCount * columns)
  const biases = new Float32Array(columns)
  for (let label = 0; label < columns; label++) {
    const classWeights = trainer.train(label)
    biases[label] = classWeights === undefined ? neverBest : (classWeights[data.featureCount] as number)
    if (classWeights !== undefined) copyColumn(classWeights, weights, { column: label, columns })
  }
  return { weights, biases, classCount: columns }
}

function copyColumn(from: Float64Array, to: Float32Array, place: { column: number; columns: number }): void {
  const { columns } = place
  for (let row = 0, at = place.column; at < to.length; row++, at += columns) to[at] = from[row] as number
}

/**
 * Scores `rows` with models trained on the rows of `data`, a row after the other, one score a class and last the one
 * for strangers. One class is scored before the next is trained, so that no matrix of all weights is filled for texts
 * that are scored only once.
 */
export function scoreHeldOut(
  data: TrainingRows,
  rows: Int32Array,
  options: LinearModelOptions & { classCount: number },
): Float64Array {
  const trainer = new BinaryTrainer(data, options)
  const columns = options.classCount + 1
  const scores = new Float64Array(rows.length * columns).fill(neverBest)
  for (let label = 0; label < columns; label++) {
    if (trainer.train(label) === undefined) continue
    for (let next = 0; next < rows.length; next++) scores[next * columns + label] = trainer.score(rows[next] as number)
  }
  return scores
}

const stopAtGap = 0.1
/** Score of a class that has no training rows. */
const neverBest = -100

/**
 * Dual coordinate descent for the L2-loss support vector machine (Hsieh et al., "A Dual Coordinate Descent Method for
 * Large-scale Linear SVM", ICML 2008), with shrinking: rows that are clearly on their side of the margin are put
 * aside, which for most rows and most classes is after one look.
 *
 * The innermost loops are methods of their own: those are compiled soon after the process starts, while a long loop
 * around them would be compiled, and given up again, for each path through it that had not been taken before.
 */
class BinaryTrainer {
  private readonly data: TrainingRows
  private readonly options: LinearModelOptions
  private readonly random: SeededRandom
  private readonly squaredLengths: Float64Array
  private readonly order: Int32Array
  private readonly duals: Float64Array
  /** The last one is the bias. */
  private readonly weights: Float64Array

  constructor(data: TrainingRows, options: LinearModelOptions) {
    this.data = data
    this.options = options
    this.random = new SeededRandom(options.seed)
    const rowCount = data.starts.length - 1
    this.squaredLengths = new Float64Array(rowCount)
    for (let next = 0; next < data.rows.length; next++) this.measure(data.rows[next] as number)
    this.order = new Int32Array(data.rows.length)
    this.duals = new Float64Array(rowCount)
    this.weights = new Float64Array(data.featureCount + 1)
  }

  /** Weights of the features, then the bias; valid until the next call. Undefined when no row has the label. */
  train(positiveLabel: number): Float64Array | undefined {
    const members = this.countMembers(positiveLabel)
    if (members === 0) return undefined
    this.order.set(this.data.rows)
    this.duals.fill(0)
    this.weights.fill(0)
    // Few members against many strangers: each member counts for more, by the square root of the odds.
    const odds = Math.max(1, (this.order.length - members) / members)
    const stranger = 1 / (2 * this.options.cost)
    const penalties = { member: stranger / Math.sqrt(odds), stranger }
    let active = this.order.length
    let shrinkAbove = Number.POSITIVE_INFINITY
    for (let pass = 0; pass < this.options.passes; pass++) {
      const result = this.pass(positiveLabel, { active, shrinkAbove, ...penalties })
      if (result.largest - result.smallest < stopAtGap) {
        if (result.active === this.order.length) break
        active = this.order.length
        shrinkAbove = Number.POSITIVE_INFINITY
      } else {
        active = result.active
        shrinkAbove = result.largest <= 0 ? Number.POSITIVE_INFINITY : result.largest
      }
    }
    return this.weights
  }

  /** The row's score under the weights of the class that was trained last. */
  score(row: number): number {
    const { features, values, starts, featureCount } = this.data
    const { weights } = this
    const end = starts[row + 1] as number
    let score = weights[featureCount] as number
    for (let entry = starts[row] as number; entry < end; entry++) {
      score += (weights[features[entry] as number] as number) * (values[entry] as number)
    }
    return score
  }

  private addToWeights(row: number, step: number): void {
    const { features, values, starts, featureCount } = this.data
    const { weights } = this
    const end = starts[row + 1] as number
    for (let entry = starts[row] as number; entry < end; entry++) {
      const feature = features[entry] as number
      weights[feature] = (weights[feature] as number) + step * (values[entry] as number)
    }
    weights[featureCount] = (weights[featureCount] as number) + step
  }

  private measure(row: number): void {
    const { values, starts } = this.data
    const end = starts[row + 1] as number
    let squares = 1
    for (let entry = starts[row] as number; entry < end; entry++) {
      const value = values[entry] as number
      squares += value * value
    }
    this.squaredLengths[row] = squares
  }

  private countMembers(positiveLabel: number): number {
    const { rows, labels } = this.data
    let members = 0
    for (let next = 0; next < rows.length; next++) if (labels[rows[next] as number] === positiveLabel) members++
    return members
  }

  private pass(
    positiveLabel: number,
    limits: { active: number; shrinkAbove: number; member: number; stranger: number },
  ): { active: number; largest: number; smallest: number } {
    const { order, duals, random, squaredLengths } = this
    const { labels } = this.data
    let { active } = limits
    let largest = Number.NEGATIVE_INFINITY
    let smallest = Number.POSITIVE_INFINITY
    for (let next = 0; next < active; next++) {
      const other = next + Math.floor(random.next() * (active - next))
      const row = order[other] as number
      order[other] = order[next] as number
      order[next] = row
      const isMember = labels[row] === positiveLabel
      const score = this.score(row)
      const penalty = isMember ? limits.member : limits.stranger
      const dual = duals[row] as number
      const gradient = (isMember ? score : -score) - 1 + penalty * dual
      if (dual === 0 && gradient > 0) {
        if (largest < 0) largest = 0
        if (smallest > 0) smallest = 0
        if (gradient > limits.shrinkAbove) {
          order[next--] = order[--active] as number
          order[active] = row
        }
        continue
      }
      if (gradient > largest) largest = gradient
      if (gradient < smallest) smallest = gradient
      if (Math.abs(gradient) < 1e-12) continue
      const updated = Math.max(0, dual - gradient / ((squaredLengths[row] as number) + penalty))
      duals[row] = updated
      this.addToWeights(row, isMember ? updated - dual : dual - updated)
    }
    return { active, largest, smallest }
  }
}

/** Writes the text's scores, one a class, into `scores`. */
export function scoreFeatures(
  model: LinearModel,
  text: { features: Int32Array; values: Float32Array; start: number; end: number },
  scores: Float64Array,
): void {
  const { weights, biases, classCount } = model
  for (let label = 0; label < classCount; label++) scores[label] = biases[label] as number
  for (let entry = text.start; entry < text.end; entry++) {
    const value = text.values[entry] as number
    if (value === 0) continue
    const offset = (text.features[entry] as number) * classCount
    for (let label = 0; label < classCount; label++) {
      scores[label] = (scores[label] as number) + value * (weights[offset + label] as number)
    }
  }
}
