import { type HeldOutScores, ScoreSheet } from './calibration.ts'
import type { Corpus, ModelOptions } from './corpus.ts'
import { planRounds, type RoundOptions } from './held-out-rounds.ts'

/** Scores examples and strangers with models that were trained without them. */
export function crossValidate(corpus: Corpus, plan: RoundOptions, options: ModelOptions): HeldOutScores {
  const { intentCount, labels, exampleRows, outOfScopeRows } = corpus
  const sheet = new ScoreSheet(intentCount)
  const scores = new Float64Array(intentCount + 1)
  // Of the out-of-scope sentences, which are few, a single round sets half aside.
  const parts = Math.max(2, plan.rounds)
  planRounds(labels.subarray(0, exampleRows.length), intentCount, plan).forEach((round, at) => {
    if (round.training.length === 0) return
    const isHeldOut = (_row: number, position: number) => position % parts === at
    const learned = outOfScopeRows.filter((row, position) => !isHeldOut(row, position))
    const trained = corpus.learn(round.training, learned, options)
    const add = (row: number, label: number) => {
      corpus.score(row, trained, scores)
      sheet.add(scores, label)
    }
    for (const row of round.members) add(row, labels[row] as number)
    for (const row of round.strangers) add(row, intentCount)
    for (const row of outOfScopeRows.filter(isHeldOut)) add(row, intentCount)
  })
  return sheet.finish()
}
