import type { CountedTexts } from './text-features.ts'

/** Found by trying bots that are for the weather and jokes, and bots that are for neither. */
const resemblesFrom = 0.75

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
  const vocabulary: Vocabulary = { texts, lastIntentWith: new Int32Array(featureCount).fill(-1), intent: 0 }
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
  readonly lastIntentWith: Int32Array
  intent: number
}

function addRow({ texts, lastIntentWith, intent }: Vocabulary, row: number): void {
  const { starts, features } = texts
  const end = starts[row + 1] as number
  for (let entry = starts[row] as number; entry < end; entry++) lastIntentWith[features[entry] as number] = intent
}

/** Words and characters say half each. */
function shareInCommon(vocabulary: Vocabulary, row: number): number {
  const { starts, wordEnds } = vocabulary.texts
  const start = starts[row] as number
  const wordEnd = wordEnds[row] as number
  const end = starts[row + 1] as number
  const ofWords = countInCommon(vocabulary, start, wordEnd) / Math.max(1, wordEnd - start)
  return (ofWords + countInCommon(vocabulary, wordEnd, end) / Math.max(1, end - wordEnd)) / 2
}

function countInCommon({ texts, lastIntentWith, intent }: Vocabulary, from: number, to: number): number {
  const { features } = texts
  let common = 0
  for (let entry = from; entry < to; entry++) {
    if (lastIntentWith[features[entry] as number] === intent) common++
  }
  return common
}
