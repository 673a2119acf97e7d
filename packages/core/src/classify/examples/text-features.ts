import type { FeatureIndex } from './feature-index.ts'
import { NgramHasher } from './ngram-hasher.ts'
import { normaliseText } from './normalise-text.ts'

/**
 * Counts the features of one text at a time. The buffers are reused: `features[0..length)` with `counts` are valid
 * until the next text; those below `wordEnd` are words and word pairs, the others are character n-grams.
 */
export class FeatureCounter {
  length = 0
  wordEnd = 0
  /** Occurrences of words, and of character n-grams, that the index does not hold. */
  unknownWords = 0
  unknownCharacters = 0
  features = new Int32Array(256)
  counts = new Int32Array(256)
  private readonly maximumLength: number
  private readonly hasher: NgramHasher
  /** For each feature its position in `features` plus 1, 0 when the current text does not have it. */
  private positions: Int32Array

  /** @param maximumLength in UTF-16 code units; the rest of a longer text is not read */
  constructor(maximumLength: number) {
    this.maximumLength = maximumLength
    this.hasher = new NgramHasher(maximumLength)
    this.positions = new Int32Array(1024)
  }

  /** @param learn whether features the index does not hold yet are added to it (training) or unknown (prediction) */
  count(text: string, index: FeatureIndex, learn: boolean): void {
    const { hasher } = this
    hasher.read(normaliseText(text, this.maximumLength))
    this.makeRoom(hasher.wordCount + hasher.characterCount, index)
    this.length = 0
    this.unknownWords = this.countHashes(hasher.words.subarray(0, hasher.wordCount), index, learn)
    this.wordEnd = this.length
    this.unknownCharacters = this.countHashes(hasher.characters.subarray(0, hasher.characterCount), index, learn)
    for (let position = 0; position < this.length; position++) this.positions[this.features[position] as number] = 0
  }

  private countHashes(hashes: Int32Array, index: FeatureIndex, learn: boolean): number {
    const { features, counts, positions } = this
    let unknown = 0
    for (let next = 0; next < hashes.length; next++) {
      const hash = hashes[next] as number
      const feature = learn ? index.add(hash) : index.find(hash)
      if (feature < 0) {
        unknown++
        continue
      }
      const position = positions[feature] as number
      if (position > 0) {
        counts[position - 1] = (counts[position - 1] as number) + 1
      } else {
        features[this.length] = feature
        counts[this.length] = 1
        positions[feature] = ++this.length
      }
    }
    return unknown
  }

  private makeRoom(features: number, index: FeatureIndex): void {
    if (features > this.features.length) {
      this.features = new Int32Array(features * 2)
      this.counts = new Int32Array(features * 2)
    }
    if (index.size + features > this.positions.length) this.positions = new Int32Array((index.size + features) * 2)
  }
}

/**
 * The counted features of many texts, one row a text: row r is `features[starts[r]..starts[r + 1])`, of which those
 * before `wordEnds[r]` are words and word pairs.
 */
export interface CountedTexts {
  readonly starts: Int32Array
  readonly wordEnds: Int32Array
  readonly features: Int32Array
  readonly counts: Int32Array
  readonly unknownWords: Int32Array
  readonly unknownCharacters: Int32Array
}

/** Counts all texts and adds their features to the index. */
export function countTexts(texts: readonly string[], index: FeatureIndex, counter: FeatureCounter): CountedTexts {
  const starts = new Int32Array(texts.length + 1)
  const wordEnds = new Int32Array(texts.length)
  const unknownWords = new Int32Array(texts.length)
  const unknownCharacters = new Int32Array(texts.length)
  let features = new Int32Array(Math.max(1024, texts.length * 64))
  let counts = new Int32Array(features.length)
  let end = 0
  texts.forEach((text, row) => {
    counter.count(text, index, true)
    if (end + counter.length > features.length) {
      features = enlarge(features, end + counter.length)
      counts = enlarge(counts, end + counter.length)
    }
    features.set(counter.features.subarray(0, counter.length), end)
    counts.set(counter.counts.subarray(0, counter.length), end)
    wordEnds[row] = end + counter.wordEnd
    unknownWords[row] = counter.unknownWords
    unknownCharacters[row] = counter.unknownCharacters
    end += counter.length
    starts[row + 1] = end
  })
  return { starts, wordEnds, features, counts, unknownWords, unknownCharacters }
}

function enlarge(numbers: Int32Array<ArrayBuffer>, atLeast: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(numbers.length * 2, atLeast))
  larger.set(numbers)
  return larger
}
