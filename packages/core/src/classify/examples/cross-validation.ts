import type { HeldOutKind, ScoreSheet } from './calibration.ts'
import type { Corpus, ModelOptions } from './corpus.ts'
import { planRounds, type RoundOptions } from './held-out-rounds.ts'

/** Adds to the sheet the scores of examples and strangers by models that were trained without them. */
export function crossValidate(corpus: Corpus, sheet: ScoreSheet, options: ModelOptions & { plan: RoundOptions }): void {
  const { intentCount, labels, exampleRows, strangerRows } = corpus
  const { plan } = options
  // Of the strangers, which are few, a single round sets half aside.
  const parts = Math.max(2, plan.rounds)
  planRounds(labels.subarray(0, exampleRows.length), intentCount, plan).forEach((round, at) => {
    if (round.training.length === 0) return
    const learned = strangerRows.filter((_, position) => position % parts !== at)
    const heldOut: readonly [Int32Array, HeldOutKind][] = [
      [round.members, 'member'],
      [round.strangers, 'substitute'],
      [strangerRows.filter((_, position) => position % parts === at), 'stranger'],
    ]
    const rows = Int32Array.from(heldOut.flatMap(([ofKind]) => [...ofKind]))
    const kinds = heldOut.flatMap(([ofKind, kind]) => Array.from(ofKind, () => kind))
    const scores = corpus.learnAndScore([round.training, learned], rows, options)
    kinds.forEach((kind, next) => {
      const label = kind === 'member' ? (labels[rows[next] as number] as number) : intentCount
      sheet.add(scores.subarray(next * (intentCount + 1), (next + 1) * (intentCount + 1)), label, kind)
    })
  })
}
