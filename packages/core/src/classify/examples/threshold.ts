/** What became of one held-out text: how sure the best intent was, and whether it was the right one. */
export interface HeldOutOutcome {
  readonly confidence: number
  /** `none` for a text that belongs to no intent. */
  readonly truth: 'right' | 'wrong' | 'none'
}

interface ThresholdOptions {
  /** The largest share of right answers that may be lost to "none". */
  readonly maximumLoss: number
  /** What recognising one text more as none is worth, in right answers, when both have the same number of texts. */
  readonly noneValue: number
}

const highestThreshold = 0.5

/**
 * The confidence below which the answer is "none of these": the one that maximises the share of intents found plus
 * `noneValue` times the share of strangers recognised, among those that lose at most `maximumLoss` of right answers.
 * It is 0.5 at most, because an intent that is more probable than not is worth answering, however alike the strangers
 * are. When no strangers are known it is the highest that loses no more than allowed.
 */
export function chooseThreshold(outcomes: readonly HeldOutOutcome[], options: ThresholdOptions): number {
  const sorted = [...outcomes].sort((first, second) => first.confidence - second.confidence)
  const strangers = sorted.filter((outcome) => outcome.truth === 'none').length
  const right = sorted.filter((outcome) => outcome.truth === 'right')
  const mayBeLost = Math.floor(options.maximumLoss * right.length)
  if (strangers === 0) return right[mayBeLost]?.confidence ?? 0
  const inScope = sorted.length - strangers
  let lost = 0
  let recognised = 0
  let best = { value: 0, threshold: 0 }
  sorted.forEach((outcome, at) => {
    if (outcome.truth === 'right') lost++
    if (outcome.truth === 'none') recognised++
    const next = sorted[at + 1]?.confidence ?? 1
    if (lost > mayBeLost || next === outcome.confidence || outcome.confidence >= highestThreshold) return
    const value = (options.noneValue * recognised) / strangers - lost / inScope
    if (value > best.value) {
      best = { value, threshold: Math.min(highestThreshold, (outcome.confidence + next) / 2) }
    }
  })
  return best.threshold
}
