import { describeError, type InboundMessage, type RunOptions } from '@wa-agent/core'
import type { Connection } from './connection.ts'
import type { Failure } from './outcome.ts'
import { untilAborted } from './until-aborted.ts'
import { acknowledgedSchema } from './wire.ts'

const mostRemembered = 1000

/** Brings files to the cloud before the messages that they belong to. */
export class Uploads {
  readonly #connection: Connection
  readonly #done = new Set<string>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Uploads what the messages have, once. A file that the provider does not give, the cloud does not want or the line is too
   * slow for is left out: the words are worth more. Resolves with a failure where the cloud cannot be asked at all.
   */
  async send(
    messages: readonly InboundMessage[],
    options: RunOptions & { readonly timeoutMs: number },
  ): Promise<Failure | undefined> {
    for (const message of messages) {
      if (!('media' in message) || this.#done.has(message.id)) continue
      const startedMs = this.#connection.clock.now()
      const failure = await this.#sendOne(message, options)
      const isSlow = failure !== undefined && this.#connection.clock.now() - startedMs >= options.timeoutMs
      if (failure && !isSlow && failure.kind !== 'refused' && failure.kind !== 'rejected') return failure
      if (failure) this.#connection.failed(new Error(failure.reason), 'uploading a file')
      // Of a line that is slow now, or a cloud that hangs, nobody knows how it is the next time.
      if (!isSlow) this.#remember(message.id)
    }
    return undefined
  }

  async #sendOne(
    { id, media }: Extract<InboundMessage, { media: unknown }>,
    { openMedia, signal, timeoutMs }: RunOptions & { readonly timeoutMs: number },
  ): Promise<Failure | undefined> {
    const { maxMediaBytes = Number.POSITIVE_INFINITY } = this.#connection
    if (!openMedia || maxMediaBytes === 0 || (media.sizeBytes ?? 0) > maxMediaBytes) return undefined
    const limit = this.#connection.limit({ timeoutMs, signal })
    let body: ReadableStream<Uint8Array>
    try {
      body = await untilAborted(openMedia(media, { signal: limit.signal }), limit.signal)
    } catch (error) {
      signal?.throwIfAborted()
      this.#connection.logger.warn({ messageId: id, error: describeError(error) }, 'a file cannot be opened')
      return undefined
    } finally {
      limit.end()
    }
    const content = contentOf(body, maxMediaBytes)
    const path = `media/${encodeURIComponent(id)}`
    const headers = { 'content-type': media.mimeType ?? 'application/octet-stream' }
    const query = this.#connection.about
    const outcome = await this.#connection.ask(
      { method: 'PUT', path, query, headers, body: content.stream, timeoutMs, signal },
      acknowledgedSchema,
    )
    return outcome.kind === 'done' || content.isUnusable ? undefined : outcome
  }

  #remember(id: string): void {
    if (this.#done.size >= mostRemembered) this.#done.clear()
    this.#done.add(id)
  }
}

/** The bytes of a file on their way, and whether they can never arrive. */
interface Content {
  readonly stream: ReadableStream<Uint8Array>
  /** The provider broke off, or it is larger than allowed: not every server can say that in the middle of an upload. */
  readonly isUnusable: boolean
}

function contentOf(body: ReadableStream<Uint8Array>, maxBytes: number): Content {
  const reader = body.getReader()
  let bytes = 0
  let isUnusable = false
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        bytes += value.byteLength
        if (bytes > maxBytes) throw new Error('the file is too large')
        controller.enqueue(value)
      } catch (error) {
        isUnusable = true
        controller.error(error)
        void reader.cancel().catch(() => undefined)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
  return {
    stream,
    get isUnusable() {
      return isUnusable
    },
  }
}
