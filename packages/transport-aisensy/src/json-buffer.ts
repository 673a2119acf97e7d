import { unreadable } from './media-errors.ts'

/**
 * A Buffer of Node as `JSON.stringify` writes it, `{"type":"Buffer","data":[1,2,...]}`: so the Direct API gives files
 * (`POST /get-media`). It is decoded piece by piece, since it is up to four times as large as the file.
 */
const beginning = /^\s*\{\s*"type"\s*:\s*"Buffer"\s*,\s*"data"\s*:\s*\[/

/** How much of a body is needed to tell; more whitespace than that nobody writes. */
export const headBytes = 64

/** Where the numbers begin in a body that begins with `head`; `undefined` where it is no Buffer in JSON. */
export function bufferStart(head: Uint8Array): number | undefined {
  return beginning.exec(Buffer.from(head).toString('latin1'))?.[0].length
}

const comma = 0x2c
const closing = 0x5d
const zero = 0x30
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** The bytes that a list of numbers in JSON means; `chunks` begin after its bracket. Ends with it. */
export async function* bytesOfNumbers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let value: number | undefined
  for await (const chunk of chunks) {
    const bytes = new Uint8Array(chunk.byteLength)
    let count = 0
    for (const sign of chunk) {
      if (sign >= zero && sign <= zero + 9) {
        value = (value ?? 0) * 10 + (sign - zero)
        if (value > 255) throw unreadable()
      } else if (sign === comma || sign === closing) {
        // Only an empty list closes without a number before it.
        if (value !== undefined) bytes[count++] = value
        else if (sign === comma) throw unreadable()
        value = undefined
        if (sign === closing) {
          yield bytes.subarray(0, count)
          return
        }
      } else if (!spaces.has(sign)) throw unreadable()
    }
    yield bytes.subarray(0, count)
  }
  throw unreadable()
}
