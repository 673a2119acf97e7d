import { untilAborted } from './until-aborted.ts'

/** A browser would call it `MessageEvent`. Comments are `undefined`: they show that the other side is there. */
export type ServerEvent = { readonly data: string } | undefined

/** A line that never ends must not fill the memory. */
const longestBuffer = 64 * 2 ** 20

/** Reads server-sent events, as the HTML standard writes them. Names and ids are in our data, too. Rejects when `signal` ends. */
export async function* readServerEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let buffer = ''
  let data: string[] = []
  for await (const chunk of chunksOf(body, signal)) {
    buffer += decoder.decode(chunk, { stream: true })
    if (buffer.length > longestBuffer) throw new Error('an event is too long')
    const lines = buffer.split(/\r\n|\n|\r(?!$)/)
    buffer = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith(':')) yield undefined
      else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
      else if (line === '' && data.length > 0) {
        yield { data: data.join('\n') }
        data = []
      }
    }
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await untilAborted(reader.read(), signal)
      if (done) return
      yield value
    }
  } finally {
    // The connection is of no use to anybody any more.
    void reader.cancel().catch(() => undefined)
  }
}
