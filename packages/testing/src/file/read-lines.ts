import { createReadStream } from 'node:fs'

/** A line of a file. */
export interface FileLine {
  /** 1 for the first. */
  readonly number: number
  /** Without its line break; absent where it is longer than allowed. */
  readonly text?: string
}

/** Some lines that follow each other, and how far the file has been read. */
export interface FileLines {
  readonly lines: readonly FileLine[]
  readonly bytesRead: number
}

/** How a file is read. */
export interface ReadLinesOptions {
  /** A longer line is given without its text. */
  readonly maxLineBytes: number
  readonly signal: AbortSignal
  /** Only so much of the file. Default: all of it. */
  readonly sizeBytes?: number
}

const lineFeed = 0x0a
const byteOrderMark = '\uFEFF'

/**
 * Reads a file piece by piece and gives the lines of each piece. Only a piece and the line that reaches beyond it are in
 * memory, and nothing is read while nobody asks for more. Rejects with the signal's reason once it is aborted.
 */
export async function* readLines(path: string, options: ReadLinesOptions): AsyncGenerator<FileLines> {
  const { maxLineBytes, signal, sizeBytes = Number.POSITIVE_INFINITY } = options
  if (sizeBytes === 0) return
  const splitter = new LineSplitter(maxLineBytes)
  let bytesRead = 0
  for await (const chunk of createReadStream(path, { signal, end: sizeBytes - 1 }) as AsyncIterable<Buffer>) {
    bytesRead += chunk.byteLength
    const lines = splitter.push(chunk)
    if (lines.length > 0) yield { lines, bytesRead }
  }
  const lines = splitter.end()
  if (lines.length > 0) yield { lines, bytesRead }
}

/** Cuts bytes into lines. A line feed never occurs within a UTF-8 character, so lines are decoded whole. */
class LineSplitter {
  readonly #maxLineBytes: number
  #begun: Buffer[] = []
  #begunBytes = 0
  #count = 0

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  push(chunk: Buffer): FileLine[] {
    const lines: FileLine[] = []
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end))
      lines.push(this.#finish())
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  /** The last line, where the file does not end with a line feed. */
  end(): FileLine[] {
    return this.#begunBytes > 0 ? [this.#finish()] : []
  }

  #keep(bytes: Buffer): void {
    this.#begunBytes += bytes.byteLength
    // What is too long anyway is only counted, so that it cannot fill the memory.
    if (this.#begunBytes <= this.#maxLineBytes) this.#begun.push(bytes)
    else this.#begun = []
  }

  #finish(): FileLine {
    this.#count += 1
    const number = this.#count
    const isTooLong = this.#begunBytes > this.#maxLineBytes
    const bytes = Buffer.concat(this.#begun)
    this.#begun = []
    this.#begunBytes = 0
    if (isTooLong) return { number }
    const text = bytes.toString('utf8')
    return { number, text: number === 1 && text.startsWith(byteOrderMark) ? text.slice(1) : text }
  }
}
