import { expect, test } from 'vitest'
import { readMedia } from './media.ts'

const chunksOf = (...sizes: number[]) => ReadableStream.from(sizes.map((size) => new Uint8Array(size).fill(7)))

test('reads a stream to its end', async () => {
  expect(await readMedia(chunksOf(3, 0, 2), 5)).toEqual(Buffer.alloc(5, 7))
  expect(await readMedia(chunksOf(), 0)).toHaveLength(0)
})

test('stops reading at the first byte too many', async () => {
  let cancelled = false
  let pulled = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1
      controller.enqueue(new Uint8Array(10))
    },
    cancel() {
      cancelled = true
    },
  })
  await expect(readMedia(endless, 25)).rejects.toMatchObject({ code: 'media_too_large', retryable: false })
  expect(cancelled).toBe(true)
  expect(pulled).toBeLessThan(6)
})
