/**
 * Scores of texts the model was not trained on. Row r holds `columns` scores, one an intent and last the one for
 * "none of these"; `labels[r]` is the true column.
 */
export interface HeldOutScores {
  readonly scores: Float32Array
  readonly labels: Int32Array
  readonly columns: number
}

/** Collects held-out scores row by row. */
export class ScoreSheet {
  private readonly rows: Float32Array[] = []
  private readonly labels: number[] = []
  private readonly columns: number

  constructor(intentCount: number) {
    this.columns = intentCount + 1
  }

  add(scores: Float64Array, label: number): void {
    this.rows.push(Float32Array.from(scores))
    this.labels.push(label)
  }

  finish(): HeldOutScores {
    const scores = new Float32Array(this.rows.length * this.columns)
    this.rows.forEach((row, at) => {
      scores.set(row, at * this.columns)
    })
    return { scores, labels: Int32Array.from(this.labels), columns: this.columns }
  }
}

export function joinHeldOut(first: HeldOutScores, second: HeldOutScores): HeldOutScores {
  const scores = new Float32Array(first.scores.length + second.scores.length)
  scores.set(first.scores)
  scores.set(second.scores, first.scores.length)
  return { scores, labels: Int32Array.from([...first.labels, ...second.labels]), columns: first.columns }
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
  let fitted = [prior.scale, prior.noneBias, prior.noneScale]
  let loss = Number.POSITIVE_INFINITY
  for (let step = 0; step < newtonSteps; step++) {
    const { gradient, curvature } = differentiate(heldOut, rowWeights, fitted)
    const move = solve(curvature, gradient)
    fitted = fitted.map((value, at) => value - (move[at] as number))
    fitted[0] = Math.max(0.5, fitted[0] as number)
    const size = Math.max(...move.map(Math.abs))
    if (size < 1e-4 || size === loss) break
    loss = size
  }
  const [scale, noneBias, noneScale] = fitted as [number, number, number]
  return { scale, noneBias, noneScale }
}

/** Weights for rows of intents and of none such that none has its share and the total is the number of rows. */
function balance(heldOut: HeldOutScores, noneShare: number): { intent: number; none: number } {
  const total = heldOut.labels.length
  let nones = 0
  for (const label of heldOut.labels) if (label === heldOut.columns - 1) nones++
  if (nones === 0 || nones === total) return { intent: 1, none: 1 }
  return { intent: ((1 - noneShare) * total) / (total - nones), none: (noneShare * total) / nones }
}

function differentiate(heldOut: HeldOutScores, rowWeights: { intent: number; none: number }, fitted: number[]) {
  const { scores, labels, columns } = heldOut
  const none = columns - 1
  const [scale, noneBias, noneScale] = fitted as [number, number, number]
  const gradient = [scale - prior.scale, noneBias - prior.noneBias, noneScale - prior.noneScale].map(
    (distance, at) => distance * (priorStrength[at] as number),
  ) as [number, number, number]
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
    calibrate(probabilities, { scale, noneBias, noneScale })
    let mean = 0
    let meanSquare = 0
    for (let column = 0; column < none; column++) {
      const score = scores[offset + column] as number
      const part = (probabilities[column] as number) * score
      mean += part
      meanSquare += part * score
    }
    const label = labels[row] as number
    const weight = label === none ? rowWeights.none : rowWeights.intent
    const noneProbability = probabilities[none] as number
    const noneScore = scores[offset + none] as number
    const missing = noneProbability - (label === none ? 1 : 0)
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
  return { gradient, curvature }
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
