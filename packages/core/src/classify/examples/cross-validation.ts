import { type HeldOutScores, ScoreSheet } from './calibration.ts'
import type { Corpus, ModelOptions } from './corpus.ts'
import { planRounds, type Round, type RoundOptions } from './held-out-rounds.ts'

const outOfScopeParts = 4

/** Scores examples and strangers with models that were trained without them. */
export function crossValidate(corpus: Corpus, rounds: RoundOptions, options: ModelOptions): HeldOutScores {
  const sheet = new ScoreSheet(corpus.intentCount)
  const exampleLabels = corpus.labels.subarray(0, corpus.exampleRows.length)
  for (const round of planRounds(exampleLabels, corpus.intentCount, rounds)) {
    if (round.training.length > 0) scoreRound(corpus, round, { sheet, options })
  }
  return sheet.finish()
}

/** The intents are learned once a round, the much smaller model for none once for each part of its sentences. */
function scoreRound(corpus: Corpus, round: Round, context: { sheet: ScoreSheet; options: ModelOptions }): void {
  const { sheet, options } = context
  const { intentCount, labels, outOfScopeRows } = corpus
  const trained = corpus.learnIntents(round.training, options)
  const scores = new Float64Array(intentCount + 1)
  const parts = outOfScopeRows.length === 0 ? 1 : outOfScopeParts
  for (let part = 0; part < parts; part++) {
    const isHeldOut = (_row: number, at: number) => at % parts === part
    const outOfScope = outOfScopeRows.filter((row, at) => !isHeldOut(row, at))
    corpus.learnNone(trained, { examples: round.training, outOfScope }, options)
    const add = (row: number, label: number) => {
      corpus.score(row, trained, scores)
      sheet.add(scores, label)
    }
    for (const row of round.members.filter(isHeldOut)) add(row, labels[row] as number)
    for (const row of round.strangers.filter(isHeldOut)) add(row, intentCount)
    for (const row of outOfScopeRows.filter(isHeldOut)) add(row, intentCount)
  }
}
