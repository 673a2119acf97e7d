import { parseLine } from './parse-line.ts'
import type { FileLine, FileLines } from './read-lines.ts'

const generated = /^line-\d+(?:-\d+)?$/
/** A line with none of these gives no name like ours: it is not worth parsing twice. */
const mayNameLikeUs = /line-|\\/

/**
 * Names the lines that give no id: `line-<number>`, or `line-<number>-2` and so on where another line uses that name.
 * Depends on nothing but the file, so that the next run finds the same ids.
 */
export class LineIds {
  readonly #given = new Set<string>()

  /** Goes through a whole file: a name that is made up must not be one that a later line gives. */
  static async of(file: AsyncIterable<FileLines>): Promise<LineIds> {
    const ids = new LineIds()
    for await (const { lines } of file) {
      for (const line of lines) ids.#keep(line)
    }
    return ids
  }

  /** The id of the line with this number, where it gives none. */
  at(number: number): string {
    let id = plain(number)
    for (let next = 2; this.#given.has(id); next += 1) id = `${plain(number)}-${next}`
    return id
  }

  #keep(line: FileLine): void {
    const message = mayNameLikeUs.test(line.text ?? '') ? parseLine(line) : undefined
    if (message === undefined || 'reason' in message) return
    for (const name of [message.id, message.from]) {
      // What a line calls itself is not in its way, and a file that we named must not fill the memory.
      if (name !== undefined && generated.test(name) && name !== plain(line.number)) this.#given.add(name)
    }
  }
}

function plain(number: number): string {
  return `line-${number}`
}
