import { type Calibration, calibrate, fitCalibration, type HeldOutScores } from './calibration.ts'
import { chooseThreshold, type HeldOutOutcome } from './threshold.ts'

/** What is learned from texts the model was not trained on. */
export interface Confidence {
  readonly calibration: Calibration
  readonly threshold: number
}

export function learnConfidence(
  heldOut: HeldOutScores,
  options: { noneShare: number; maximumLoss: number; noneValue: number },
): Confidence {
  const calibration = fitCalibration(heldOut, options.noneShare)
  const none = heldOut.columns - 1
  const probabilities = new Float64Array(heldOut.columns)
  const outcomes = Array.from(heldOut.labels, (label, row): HeldOutOutcome => {
    probabilities.set(heldOut.scores.subarray(row * heldOut.columns, (row + 1) * heldOut.columns))
    calibrate(probabilities, calibration)
    const best = bestIntent(probabilities)
    const truth = label === none ? 'none' : label === best ? 'right' : 'wrong'
    return { confidence: probabilities[best] as number, truth }
  })
  return { calibration, threshold: chooseThreshold(outcomes, options) }
}

/** The intent with the highest probability; the last column, none, does not take part. */
export function bestIntent(probabilities: Float64Array): number {
  let best = 0
  for (let intent = 1; intent < probabilities.length - 1; intent++) {
    if ((probabilities[intent] as number) > (probabilities[best] as number)) best = intent
  }
  return best
}
