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
  const fitted = fitCalibration(heldOut, options.noneShare)
  const calibration = limitLoss(fitted, heldOut, options.maximumLoss)
  const outcomes: HeldOutOutcome[] = []
  forEachRow(heldOut, calibration, (probabilities, label) => {
    const none = probabilities.length - 1
    const best = bestIntent(probabilities)
    const truth = label === none ? 'none' : label === best ? 'right' : 'wrong'
    outcomes.push({ confidence: isNone(probabilities, best) ? 0 : (probabilities[best] as number), truth })
  })
  return { calibration, threshold: chooseThreshold(outcomes, options) }
}

/** Makes none less probable, if need be, until it takes no more than `maximumLoss` of the right answers away. */
function limitLoss(calibration: Calibration, heldOut: HeldOutScores, maximumLoss: number): Calibration {
  const leads: number[] = []
  forEachRow(heldOut, calibration, (probabilities, label) => {
    const none = probabilities.length - 1
    if (label === none || bestIntent(probabilities) !== label) return
    const lead = Math.log(probabilities[label] as number) - Math.log(probabilities[none] as number)
    if (!Number.isNaN(lead)) leads.push(lead)
  })
  const lowest = leads.sort((first, second) => first - second)[Math.floor(maximumLoss * leads.length)] ?? 0
  if (lowest >= 0 || lowest === Number.NEGATIVE_INFINITY) return calibration
  return { ...calibration, noneBias: calibration.noneBias + lowest - 1e-6 }
}

function forEachRow(
  heldOut: HeldOutScores,
  calibration: Calibration,
  visit: (probabilities: Float64Array, label: number) => void,
): void {
  const { scores, labels, columns } = heldOut
  const probabilities = new Float64Array(columns)
  for (let row = 0; row < labels.length; row++) {
    probabilities.set(scores.subarray(row * columns, (row + 1) * columns))
    calibrate(probabilities, calibration)
    visit(probabilities, labels[row] as number)
  }
}

/** The intent with the highest probability; the last column, none, does not take part. */
export function bestIntent(probabilities: Float64Array): number {
  let best = 0
  for (let intent = 1; intent < probabilities.length - 1; intent++) {
    if ((probabilities[intent] as number) > (probabilities[best] as number)) best = intent
  }
  return best
}

/** Whether none is more probable than the best intent. */
export function isNone(probabilities: Float64Array, best: number): boolean {
  return (probabilities[probabilities.length - 1] as number) > (probabilities[best] as number)
}
