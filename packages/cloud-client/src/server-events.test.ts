import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readServerEvents } from './server-events.ts'

async function read(...parts: readonly (string | Uint8Array)[]): Promise<(string | undefined)[]> {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(typeof part === 'string' ? encoder.encode(part) : part)
      controller.close()
    },
  })
  const events: (string | undefined)[] = []
  for await (const event of readServerEvents(body, new AbortController().signal)) events.push(event?.data)
  return events
}

describe('server-sent events', () => {
  test('are read with their data, whatever ends the lines, and comments show that somebody is there', async () => {
    expect(await read(': hello\n\nevent: message\nid: 1\ndata: one\n\n')).toEqual([undefined, 'one'])
    expect(await read('data:one\r\n\r\ndata: two\r\ndata: lines\r\n\r\n')).toEqual(['one', 'two\nlines'])
    expect(await read('data: one\r\rdata: two\n\n')).toEqual(['one', 'two'])
  })

  test('that were cut off before they were whole are none', async () => {
    expect(await read('data: one\n\ndata: tw')).toEqual(['one'])
    expect(await read('data: one\n\ndata: two\n')).toEqual(['one'])
  })

  test('are the same in whatever pieces they come', async () => {
    const whole = new TextEncoder().encode(': é\n\nid: 1\r\ndata: héllo 👍\r\n\r\ndata: {"a":1}\n\n')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 10 }), async (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
        const parts = places.slice(1).map((end, index) => whole.slice(places[index], end))
        expect(await read(...parts)).toEqual([undefined, 'héllo 👍', '{"a":1}'])
      }),
    )
  })
})
