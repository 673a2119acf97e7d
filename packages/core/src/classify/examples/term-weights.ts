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
  for (let next = 0; next < rows.length; next++) countRow(texts, rows[next] as number, known)
  // Few numbers of texts occur and many features: a table saves the logarithms, which count when a process starts.
  const idf = new Float64Array(rows.length + 2)
  for (let textsWithIt = 1; textsWithIt < idf.length; textsWithIt++) {
    idf[textsWithIt] = Math.sqrt(Math.log((rows.length + 1) / (textsWithIt + 1)) + 1)
  }
  const { minimumTexts } = options
  for (let feature = 0; feature < known.length; feature++) {
    const textsWithIt = known[feature] as number
    known[feature] = textsWithIt < minimumTexts ? 0 : (idf[textsWithIt] as number)
  }
  return { known, unknown: options.unknownShare * (idf[1] as number) }
}

function countRow(texts: CountedTexts, row: number, textsWith: Float32Array): void {
  const { starts, features } = texts
  const end = starts[row + 1] as number
  for (let entry = starts[row] as number; entry < end; entry++) {
    const feature = features[entry] as number
    textsWith[feature] = (textsWith[feature] as number) + 1
  }
}

/**
 * Writes the tf-idf values (sublinear tf) of all rows into `values`, at the places the features have in `texts`. Words
 * and characters are scaled to half the squared length each, unknown features included: a text of which half is unknown
 * has short vectors, and so low scores, which is what tells "none of these" from a known intent.
 *
 * It is one loop without calls or objects because at the start of a process it runs before it is compiled.
 */
export function weighRows(texts: CountedTexts, weights: TermWeights, values: Float32Array): void {
  const { starts, wordEnds, features, counts, unknownWords, unknownCharacters } = texts
  const { known } = weights
  const unknownSquare = weights.unknown * weights.unknown
  for (let half = 0; half < 2 * wordEnds.length; half++) {
    const row = half >> 1
    const ofWords = half % 2 === 0
    const from = (ofWords ? starts[row] : wordEnds[row]) as number
    const to = (ofWords ? wordEnds[row] : starts[row + 1]) as number
    let squares = ((ofWords ? unknownWords[row] : unknownCharacters[row]) as number) * unknownSquare
    for (let entry = from; entry < to; entry++) {
      const weight = known[features[entry] as number] as number
      const count = counts[entry] as number
      const value = count === 1 ? weight : weight * (1 + Math.log(count))
      values[entry] = value
      squares += weight === 0 ? unknownSquare : value * value
    }
    const scale = squares === 0 ? 0 : Math.SQRT1_2 / Math.sqrt(squares)
    for (let entry = from; entry < to; entry++) values[entry] = (values[entry] as number) * scale
  }
}
