/** What a held-out text is; a stranger is known as one, a substitute is of an intent that was left out to play one. */
export type HeldOutKind = 'member' | 'stranger' | 'substitute'

/**
 * Scores of texts the model was not trained on. Row r holds `columns` scores, one an intent and last the one for
 * "none of these"; `labels[r]` is the true column.
 */
export interface HeldOutScores {
  readonly scores: Float32Array
  readonly labels: Int32Array
  readonly kinds: readonly HeldOutKind[]
  readonly columns: number
}

/** Collects held-out scores row by row. */
export class ScoreSheet {
  readonly intentCount: number
  private readonly rows: Float32Array[] = []
  private readonly labels: number[] = []
  private readonly kinds: HeldOutKind[] = []

  constructor(intentCount: number) {
    this.intentCount = intentCount
  }

  /** @param label the true intent, or intentCount for none */
  add(scores: Float64Array, label: number, kind: HeldOutKind): void {
    this.rows.push(Float32Array.from(scores))
    this.labels.push(label)
    this.kinds.push(kind)
  }

  finish(): HeldOutScores {
    const columns = this.intentCount + 1
    const scores = new Float32Array(this.rows.length * columns)
    this.rows.forEach((row, at) => {
      scores.set(row, at * columns)
    })
    return { scores, labels: Int32Array.from(this.labels), kinds: this.kinds, columns }
  }
}

/** Turns scores into probabilities: a softmax over `scale * score`, and `noneBias + noneScale * score` for none. */
export interface Calibration {
  readonly scale: number
  readonly noneBias: number
  readonly noneScale: number
}

/** Where fitting starts and, with little held out, about where it ends. */
const prior: Calibration = { scale: 5, noneBias: 0, noneScale: 1 }
const priorStrength = [0.1, 0.5, 0.2] as const
const newtonSteps = 12
const mostHalvings = 8
/** Improvements of the loss below this, over all rows, are not worth another step. */
const enoughImprovement = 0.01
/** The part that substitutes have in none when strangers are known too: they are harder than strangers usually are. */
const substituteShare = 0.1

/**
 * Probabilities in place of the scores.
 *
 * @param scores one an intent and last the one for none
 */
export function calibrate(scores: Float64Array, calibration: Calibration): void {
  const none = scores.length - 1
  let highest = calibration.noneBias + calibration.noneScale * (scores[none] as number)
  scores[none] = highest
  for (let column = 0; column < none; column++) {
    const logit = calibration.scale * (scores[column] as number)
    scores[column] = logit
    if (logit > highest) highest = logit
  }
  let total = 0
  for (let column = 0; column <= none; column++) {
    const odds = Math.exp((scores[column] as number) - highest)
    scores[column] = odds
    total += odds
  }
  for (let column = 0; column <= none; column++) scores[column] = (scores[column] as number) / total
}

/**
 * Fits the calibration that makes the true columns of held-out texts most likely, by Newton's method (the loss is
 * convex), staying near the prior while there is little to learn from.
 *
 * @param noneShare the share of messages for which none is assumed to be true, whatever share of the rows that is
 */
export function fitCalibration(heldOut: HeldOutScores, noneShare: number): Calibration {
  const rowWeights = balance(heldOut, noneShare)
  let fitted = prior
  let slope = differentiate(heldOut, rowWeights, fitted)
  for (let step = 0; step < newtonSteps; step++) {
    const move = solve(slope.curvature, slope.gradient) as [number, number, number]
    let next = moveBy(fitted, move, 1)
    let nextSlope = differentiate(heldOut, rowWeights, next)
    // Where rows are told apart almost perfectly, a whole step can go too far and never come back.
    for (let halving = 1; halving <= mostHalvings && !(nextSlope.loss <= slope.loss); halving++) {
      next = moveBy(fitted, move, 0.5 ** halving)
      nextSlope = differentiate(heldOut, rowWeights, next)
    }
    const improvement = slope.loss - nextSlope.loss
    if (!(improvement >= 0)) break
    fitted = next
    slope = nextSlope
    if (improvement < enoughImprovement) break
  }
  return fitted
}

function moveBy(from: Calibration, move: readonly [number, number, number], part: number): Calibration {
  return {
    scale: Math.max(0.5, from.scale - part * move[0]),
    noneBias: from.noneBias - part * move[1],
    noneScale: from.noneScale - part * move[2],
  }
}

/** Weights of the rows such that none has its share, substitutes have theirs of it, and the total is the number of rows. */
function balance(heldOut: HeldOutScores, noneShare: number): Float64Array {
  const total = heldOut.kinds.length
  const counts = { member: 0, stranger: 0, substitute: 0 }
  for (const kind of heldOut.kinds) counts[kind]++
  if (counts.member === 0 || counts.member === total) return new Float64Array(total).fill(1)
  const ofNone = counts.substitute === 0 ? 0 : counts.stranger === 0 ? 1 : substituteShare
  const weights = {
    member: ((1 - noneShare) * total) / counts.member,
    stranger: (noneShare * (1 - ofNone) * total) / Math.max(1, counts.stranger),
    substitute: (noneShare * ofNone * total) / Math.max(1, counts.substitute),
  }
  return Float64Array.from(heldOut.kinds, (kind) => weights[kind])
}

function differentiate(heldOut: HeldOutScores, rowWeights: Float64Array, fitted: Calibration) {
  const { scores, labels, columns } = heldOut
  const none = columns - 1
  const distances = [
    fitted.scale - prior.scale,
    fitted.noneBias - prior.noneBias,
    fitted.noneScale - prior.noneScale,
  ] as const
  const gradient = distances.map((distance, at) => distance * (priorStrength[at] as number)) as [number, number, number]
  let loss = distances.reduce((sum, distance, at) => sum + (distance * (gradient[at] as number)) / 2, 0)
  // Curvature of the loss: covariance of (score, is none, none's score) under the predicted probabilities.
  let scaleScale = priorStrength[0]
  let scaleBias = 0
  let scaleNone = 0
  let biasBias = priorStrength[1]
  let biasNone = 0
  let noneNone = priorStrength[2]
  const probabilities = new Float64Array(columns)
  for (let row = 0; row < labels.length; row++) {
    const offset = row * columns
    for (let column = 0; column < columns; column++) probabilities[column] = scores[offset + column] as number
    calibrate(probabilities, fitted)
    let mean = 0
    let meanSquare = 0
    for (let column = 0; column < none; column++) {
      const score = scores[offset + column] as number
      const part = (probabilities[column] as number) * score
      mean += part
      meanSquare += part * score
    }
    const label = labels[row] as number
    const weight = rowWeights[row] as number
    const noneProbability = probabilities[none] as number
    const noneScore = scores[offset + none] as number
    const missing = noneProbability - (label === none ? 1 : 0)
    loss -= weight * Math.log(Math.max(Number.MIN_VALUE, probabilities[label] as number))
    gradient[0] += weight * (mean - (label === none ? 0 : (scores[offset + label] as number)))
    gradient[1] += weight * missing
    gradient[2] += weight * missing * noneScore
    const spread = weight * noneProbability * (1 - noneProbability)
    scaleScale += weight * (meanSquare - mean * mean)
    scaleBias -= weight * mean * noneProbability
    scaleNone -= weight * mean * noneProbability * noneScore
    biasBias += spread
    biasNone += spread * noneScore
    noneNone += spread * noneScore * noneScore
  }
  const curvature = [
    [scaleScale, scaleBias, scaleNone],
    [scaleBias, biasBias, biasNone],
    [scaleNone, biasNone, noneNone],
  ]
  return { loss, gradient, curvature }
}

/** Solves a small symmetric positive definite system by Gaussian elimination. */
function solve(matrix: number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, at) => [...row, right[at] as number])
  rows.forEach((pivotRow, pivot) => {
    for (const row of rows) {
      if (row === pivotRow) continue
      const factor = (row[pivot] as number) / (pivotRow[pivot] as number)
      for (let column = pivot; column < row.length; column++) {
        row[column] = (row[column] as number) - factor * (pivotRow[column] as number)
      }
    }
  })
  return rows.map((row, at) => (row[row.length - 1] as number) / (row[at] as number))
}
