import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bufferStart, bytesOfNumbers } from './json-buffer.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

async function decode(text: string, pieceLength = text.length): Promise<number[]> {
  async function* pieces() {
    for (let start = 0; start < text.length; start += pieceLength) yield ascii(text.slice(start, start + pieceLength))
  }
  const bytes: number[] = []
  for await (const chunk of bytesOfNumbers(pieces())) bytes.push(...chunk)
  return bytes
}

describe('a Buffer in JSON', () => {
  test('is decoded to the bytes that it was made of, wherever it is cut', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 40 }),
      async (bytes, cut) => {
        const json = JSON.stringify(Buffer.from(bytes))
        const start = bufferStart(ascii(json))
        expect(start).toBe('{"type":"Buffer","data":['.length)
        expect(await decode(json.slice(start), cut)).toEqual([...bytes])
      },
    )
    await fc.assert(property)
  })

  test('may be written with spaces', async () => {
    const json = JSON.stringify(Buffer.from([1, 22, 255]), null, 1)
    expect(await decode(json.slice(bufferStart(ascii(json))))).toEqual([1, 22, 255])
  })

  test.each(['', '{', '[1,2]', '{"message":"no"}', '{"type":"Other","data":[1]}', '\u0089PNG'])(
    'is not what begins with %j',
    (text) => {
      expect(bufferStart(ascii(text))).toBeUndefined()
    },
  )

  test.each(['1,2', '1,256]', '1,-2]', '1.5]', '1,,2]', ',1]', '"1"]', '1,null]', ''])(
    'that is damaged (%j) is no file',
    async (text) => {
      await expect(decode(text)).rejects.toMatchObject({ code: 'media_unavailable' })
    },
  )
})
