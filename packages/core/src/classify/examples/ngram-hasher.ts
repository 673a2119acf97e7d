const separator = 1
const partOfWord = 2
const wordOnItsOwn = 3
const surrogate = 4

const inWord = /[\p{L}\p{M}\p{N}]/u
// In these scripts one character is about a word, and no space says where the next one starts.
const oneCharacterOneWord = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{So}]/u

/** What each UTF-16 code unit is; 0 = not looked at yet, so that start-up pays only for characters that occur. */
const kindOfCodeUnit = new Uint8Array(0x10000)

const wordSeed = 0x2f0b4f6d
const pairSeed = 0x51ed2701
const characterSeed = 0x7a3c9e15
const edge = 0x20
const shortestNgram = 2
const longestNgram = 5

/**
 * Turns a normalised text into 32-bit hashes of its words, pairs of neighbouring words (the ends of the text count as
 * a word) and runs of 2 to 5 characters inside words (the ends of a word count as a character).
 *
 * The buffers are reused: read `words[0..wordCount)` and `characters[0..characterCount)` before the next `read`.
 */
export class NgramHasher {
  wordCount = 0
  characterCount = 0
  readonly words: Int32Array
  readonly characters: Int32Array
  private previousWord = 0

  /** @param maximumLength longest text that will be read, in UTF-16 code units */
  constructor(maximumLength: number) {
    this.words = new Int32Array(2 * maximumLength + 1)
    // Worst case: every second unit is a separator, so each word of one unit brings two edges along.
    this.characters = new Int32Array((longestNgram - shortestNgram + 1) * (2 * maximumLength + 2))
  }

  read(text: string): void {
    this.wordCount = 0
    this.characterCount = 0
    this.previousWord = 0
    let position = 0
    while (position < text.length) {
      if (kindOf(text.charCodeAt(position)) === separator) position++
      else position = this.readRun(text, position)
    }
    if (this.wordCount > 0) this.words[this.wordCount++] = pairHash(this.previousWord, 0)
  }

  /** Reads from `start` up to the next separator and returns where that is. */
  private readRun(text: string, start: number): number {
    let end = start
    while (end < text.length) {
      const kind = kindOf(text.charCodeAt(end))
      if (kind === separator) break
      const wordStart = end
      if (kind === partOfWord) end = endOfWord(text, end)
      else end = Math.min(text.length, end + (kind === surrogate ? 2 : 1))
      this.addWord(text, wordStart, end)
    }
    this.addCharacters(text, start, end)
    return end
  }

  private addWord(text: string, start: number, end: number): void {
    let word = wordSeed
    for (let position = start; position < end; position++) word = mix(word, text.charCodeAt(position))
    this.words[this.wordCount++] = word
    this.words[this.wordCount++] = pairHash(this.previousWord, word)
    this.previousWord = word
  }

  private addCharacters(text: string, start: number, end: number): void {
    // `start - 1` and `end` stand for the edges of the run.
    for (let first = start - 1; first < end; first++) {
      let hash = mix(characterSeed, first < start ? edge : text.charCodeAt(first))
      const last = Math.min(end, first + longestNgram - 1)
      for (let position = first + 1; position <= last; position++) {
        hash = mix(hash, position < end ? text.charCodeAt(position) : edge)
        this.characters[this.characterCount++] = hash
      }
    }
  }
}

function endOfWord(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && kindOf(text.charCodeAt(end)) === partOfWord) end++
  return end
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

function pairHash(first: number, second: number): number {
  return mix(mix(pairSeed, first), second)
}

function kindOf(codeUnit: number): number {
  const known = kindOfCodeUnit[codeUnit] as number
  if (known !== 0) return known
  const kind = decideKind(codeUnit)
  kindOfCodeUnit[codeUnit] = kind
  return kind
}

function decideKind(codeUnit: number): number {
  if (codeUnit >= 0xd800 && codeUnit <= 0xdfff) return surrogate
  const character = String.fromCharCode(codeUnit)
  if (oneCharacterOneWord.test(character)) return wordOnItsOwn
  return inWord.test(character) ? partOfWord : separator
}
