import { type MediaReference, WaAgentError } from '@wa-agent/core'

/** The files that the simulated provider keeps. */
export interface SimulatedMedia {
  /** Keeps a file and gives the reference under which it can be opened. */
  put(bytes: Uint8Array): string
  /** Loses a file, as providers do after some days: opening it rejects with `media_unavailable`. */
  remove(reference: string): void
}

const chunkBytes = 64 * 1024

/** Keeps files in memory and streams them in chunks, so that a reader that stops early is seen to stop. */
export class MediaShelf implements SimulatedMedia {
  readonly #files = new Map<string, Uint8Array>()
  #count = 0

  put(bytes: Uint8Array): string {
    this.#count += 1
    const reference = `file-${this.#count}`
    this.#files.set(reference, bytes)
    return reference
  }

  remove(reference: string): void {
    this.#files.delete(reference)
  }

  /** Rejects with `media_unavailable` for what was never put or was removed, and with the signal's reason once aborted. */
  async open(media: MediaReference, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    signal.throwIfAborted()
    const bytes = this.#files.get(media.reference)
    if (!bytes) {
      throw new WaAgentError(
        'media_unavailable',
        'The provider no longer has this file; ask the customer to send it again.',
      )
    }
    let offset = 0
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (signal.aborted) return controller.error(signal.reason)
        if (offset >= bytes.byteLength) return controller.close()
        controller.enqueue(bytes.slice(offset, offset + chunkBytes))
        offset += chunkBytes
      },
    })
  }
}
