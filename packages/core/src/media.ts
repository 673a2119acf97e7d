import { WaAgentError } from './errors.ts'

/** How much of a file is read unless an agent asks for more. WhatsApp's own limit for most media is 16 MB. */
export const defaultMaxMediaBytes = 16 * 1024 * 1024

/** Reads a stream to its end. Rejects with `media_too_large`, and stops reading, as soon as it exceeds `maxBytes`. */
export async function readMedia(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of stream) {
    sizeBytes += chunk.byteLength
    // Leaving the loop cancels the stream, so that nothing more is downloaded.
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, sizeBytes)
}

/** The error for a file beyond `maxBytes`. */
export function tooLarge(maxBytes: number): WaAgentError {
  return new WaAgentError(
    'media_too_large',
    `The file has more than ${maxBytes} bytes. Pass a larger maxBytes to openMedia() if it is wanted.`,
  )
}
