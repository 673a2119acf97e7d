import { weighRows, weighTerms } from './term-weights.ts'
import type { CountedTexts } from './text-features.ts'

/** Found by trying bots that are for the weather and jokes, and bots that are for neither. */
const resemblesFrom = 0.7

/**
 * Those of `candidates` that resemble none of the intents: the background of a bot for the weather must not hold the
 * weather. Compared are whole intents, not single examples, because an author's examples together tell what it is
 * about. What counts is the share of words and character n-grams in common with one intent, and by how much that is
 * more than with the others: "what is the" is in many intents and says nothing.
 */
export function unlikeExamples(
  texts: CountedTexts,
  candidates: Int32Array,
  examples: { rows: Int32Array; labels: Int32Array; intentCount: number; featureCount: number },
): Int32Array {
  if (candidates.length === 0) return candidates
  const { featureCount, intentCount, labels, rows } = examples
  const all = Int32Array.from([...rows, ...candidates])
  const values = new Float32Array(texts.features.length)
  weighRows(texts, weighTerms(texts, all, { minimumTexts: 1, unknownShare: 1, featureCount }), values)
  const vocabulary: Vocabulary = { texts, values, lastIntentWith: new Int32Array(featureCount).fill(-1), intent: 0 }
  const largest = new Float64Array(candidates.length)
  const sums = new Float64Array(candidates.length)
  for (let intent = 0; intent < intentCount; intent++) {
    vocabulary.intent = intent
    for (const row of rows) if (labels[row] === intent) addRow(vocabulary, row)
    for (let next = 0; next < candidates.length; next++) {
      const share = shareInCommon(vocabulary, candidates[next] as number)
      sums[next] = (sums[next] as number) + share
      if (share > (largest[next] as number)) largest[next] = share
    }
  }
  return candidates.filter((_, at) => {
    const share = largest[at] as number
    const meanOfOthers = intentCount === 1 ? 0 : ((sums[at] as number) - share) / (intentCount - 1)
    return share + (share - meanOfOthers) < resemblesFrom
  })
}

/** The features that one intent's examples have: those of which it is the last intent that was looked at. */
interface Vocabulary {
  readonly texts: CountedTexts
  readonly values: Float32Array
  readonly lastIntentWith: Int32Array
  intent: number
}

function addRow({ texts, lastIntentWith, intent }: Vocabulary, row: number): void {
  const { starts, features } = texts
  const end = starts[row + 1] as number
  for (let entry = starts[row] as number; entry < end; entry++) lastIntentWith[features[entry] as number] = intent
}

/** Words and characters have half of the squared length each, so the squares in common are a share. */
function shareInCommon({ texts, values, lastIntentWith, intent }: Vocabulary, row: number): number {
  const { starts, features } = texts
  const end = starts[row + 1] as number
  let share = 0
  for (let entry = starts[row] as number; entry < end; entry++) {
    const value = values[entry] as number
    if (lastIntentWith[features[entry] as number] === intent) share += value * value
  }
  return share
}
