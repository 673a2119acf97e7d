import { createHash } from 'node:crypto'
import { isWaAgentError, type MediaReference } from '@wa-agent/core'
import { openSafely } from '@wa-agent/transport-kit'
import type { AisensyClient } from './client.ts'
import { bufferStart, bytesOfNumbers, headBytes } from './json-buffer.ts'
import { noFile, refusedMedia, tooLargeMedia, unknownReference, unreadable, wrongHash } from './media-errors.ts'
import type { Settings } from './settings.ts'

/** Meta's ids of files are numbers; nothing else may get into a request. */
const metaId = /^[\w-]{1,200}$/

interface OpenOptions {
  readonly client: Pick<AisensyClient, 'getMedia'>
  readonly settings: Pick<Settings, 'media' | 'fetch' | 'clock' | 'timeoutMs'>
  readonly signal: AbortSignal
}

/**
 * The bytes of a file that came in: from its address, which must be at an allowed host, or by its id from AiSensy. Rejects
 * with `media_unavailable` and `media_too_large`; the stream ends with the same.
 */
export async function openMedia(media: MediaReference, options: OpenOptions): Promise<ReadableStream<Uint8Array>> {
  const { client, settings, signal } = options
  signal.throwIfAborted()
  const { reference, sha256 } = media
  const { maxBytes, allowedHosts } = settings.media
  if (/^https?:/i.test(reference)) {
    const { fetch, clock, timeoutMs } = settings
    return openSafely({ url: reference, allowedHosts, maxBytes, sha256, signal, fetch, clock, timeoutMs })
  }
  if (!metaId.test(reference)) throw unknownReference()
  const response = await client.getMedia(reference, signal).catch((error: unknown) => {
    if (isWaAgentError(error) && error.code === 'send_failed') throw noFile('there is no token', error)
    throw error
  })
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    throw refusedMedia(response.status)
  }
  const chunks = patient(response.body, options)
  const file = await decoded(chunks, { isJson: saysJson(response) && !/json/i.test(media.mimeType ?? '') })
  return streamOf(checked(file, { maxBytes, sha256 }))
}

function saysJson(response: Response): boolean {
  return /^application\/json\b/i.test(response.headers.get('content-type') ?? '')
}

/** The file in either form. What says that it is JSON and is no Buffer is an error with the status of a success. */
async function decoded(
  chunks: AsyncGenerator<Uint8Array>,
  { isJson }: { readonly isJson: boolean },
): Promise<AsyncGenerator<Uint8Array>> {
  const head = await firstBytes(chunks)
  const start = bufferStart(head)
  if (start !== undefined) return bytesOfNumbers(joined(head.subarray(start), chunks))
  if (!isJson) return joined(head, chunks)
  await chunks.return(undefined)
  throw unreadable()
}

async function firstBytes(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array()
  while (head.byteLength < headBytes) {
    const { done, value } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

async function* joined(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.byteLength > 0) yield head
  yield* rest
}

/** Ends where nothing comes any more. */
async function* patient(
  body: ReadableStream<Uint8Array>,
  { settings, signal }: OpenOptions,
): AsyncGenerator<Uint8Array> {
  const { clock, timeoutMs } = settings
  const reader = body.getReader()
  try {
    for (;;) {
      const stop = new AbortController()
      const cancelTimer = clock.after(timeoutMs, () => stop.abort(noFile('it stopped coming')))
      const ended = AbortSignal.any([signal, stop.signal])
      const { done, value } = await Promise.race([reader.read(), abortionOf(ended)])
        .catch((error: unknown) => {
          ended.throwIfAborted()
          throw noFile('the connection broke', error)
        })
        .finally(cancelTimer)
      if (done) return
      yield value
    }
  } finally {
    // Also where whoever reads wants no more. What is broken already cannot be cancelled.
    await reader.cancel().catch(() => undefined)
  }
}

function abortionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function* checked(
  file: AsyncGenerator<Uint8Array>,
  { maxBytes, sha256 }: { readonly maxBytes: number; readonly sha256: string | undefined },
): AsyncGenerator<Uint8Array> {
  const expected = digestOf(sha256)
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of file) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > maxBytes) throw tooLargeMedia(maxBytes)
    if (expected) hash.update(chunk)
    yield chunk
  }
  if (expected && !hash.digest().equals(expected)) throw wrongHash()
}

/** Meta writes it in Base64 in some places and in hexadecimal in others. What is neither cannot be compared. */
function digestOf(sha256: string | undefined): Buffer | undefined {
  if (sha256 === undefined) return undefined
  const digest = Buffer.from(sha256, /^[0-9a-f]{64}$/i.test(sha256) ? 'hex' : 'base64')
  return digest.byteLength === 32 ? digest : undefined
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
