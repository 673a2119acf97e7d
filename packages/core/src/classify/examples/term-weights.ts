import type { CountedTexts } from './text-features.ts'

/** How much each feature counts: rare ones more (square root of idf), unknown ones as much as the rarest. */
export interface TermWeights {
  /** One a feature; 0 = too rare to learn from, treated as unknown. */
  readonly known: Float32Array
  readonly unknown: number
}

interface TermWeightOptions {
  /** Features that fewer training texts than this have are treated as unknown. */
  readonly minimumTexts: number
  /** How much of a text's length unknown features take up: 0 = they are ignored, 1 = as much as the rarest known. */
  readonly unknownShare: number
}

/** Weighs features by the texts in `rows` only, so that held-out texts stay unseen. */
export function weighTerms(
  texts: CountedTexts,
  rows: Int32Array,
  options: TermWeightOptions & { featureCount: number },
): TermWeights {
  const known = new Float32Array(options.featureCount)
  for (let next = 0; next < rows.length; next++) {
    const row = rows[next] as number
    const end = texts.starts[row + 1] as number
    for (let entry = texts.starts[row] as number; entry < end; entry++) {
      const feature = texts.features[entry] as number
      known[feature] = (known[feature] as number) + 1
    }
  }
  const idf = (textsWithIt: number) => Math.sqrt(Math.log((rows.length + 1) / (textsWithIt + 1)) + 1)
  for (let feature = 0; feature < known.length; feature++) {
    const textsWithIt = known[feature] as number
    known[feature] = textsWithIt < options.minimumTexts || textsWithIt === 0 ? 0 : idf(textsWithIt)
  }
  return { known, unknown: options.unknownShare * idf(1) }
}

/** One row of features with their counts; words and word pairs come first, up to `wordEnd`. */
interface CountedRow {
  readonly features: Int32Array
  readonly counts: Int32Array
  readonly start: number
  readonly wordEnd: number
  readonly end: number
  readonly unknownWords: number
  readonly unknownCharacters: number
}

/**
 * Writes the row's tf-idf values (sublinear tf) into `values` at the same positions. Words and characters are scaled
 * to half the squared length each, unknown features included: a text of which half is unknown has short vectors, and
 * so low scores, which is what tells "none of these" from a known intent.
 */
export function weighRow(row: CountedRow, weights: TermWeights, values: Float32Array): void {
  weighGroup(row, { from: row.start, to: row.wordEnd, unknown: row.unknownWords }, { weights, values })
  weighGroup(row, { from: row.wordEnd, to: row.end, unknown: row.unknownCharacters }, { weights, values })
}

interface Group {
  readonly from: number
  readonly to: number
  readonly unknown: number
}

function weighGroup(row: CountedRow, group: Group, target: { weights: TermWeights; values: Float32Array }): void {
  const { weights, values } = target
  const { features, counts } = row
  const unknownSquare = weights.unknown * weights.unknown
  let squares = group.unknown * unknownSquare
  for (let entry = group.from; entry < group.to; entry++) {
    const weight = weights.known[features[entry] as number] as number
    const count = counts[entry] as number
    const value = count === 1 ? weight : weight * (1 + Math.log(count))
    values[entry] = value
    squares += weight === 0 ? unknownSquare : value * value
  }
  if (squares === 0) return
  const scale = Math.SQRT1_2 / Math.sqrt(squares)
  for (let entry = group.from; entry < group.to; entry++) values[entry] = (values[entry] as number) * scale
}

/** The values of all rows, at the places the features have in `texts`. */
export function weighRows(texts: CountedTexts, weights: TermWeights): Float32Array {
  const values = new Float32Array(texts.features.length)
  for (let row = 0; row < texts.wordEnds.length; row++) {
    const counted = {
      features: texts.features,
      counts: texts.counts,
      start: texts.starts[row] as number,
      wordEnd: texts.wordEnds[row] as number,
      end: texts.starts[row + 1] as number,
      unknownWords: texts.unknownWords[row] as number,
      unknownCharacters: texts.unknownCharacters[row] as number,
    }
    weighRow(counted, weights, values)
  }
  return values
}
