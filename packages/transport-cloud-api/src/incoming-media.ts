import { type MediaReference, WaAgentError } from '@wa-agent/core'
import { isGone, openSafely } from '@wa-agent/transport-kit'
import type { CloudApiClient } from './client.ts'
import type { Settings } from './options.ts'

/** Opens files that came in. */
export function createMediaOpener(settings: Settings, client: CloudApiClient) {
  async function openOnce(media: MediaReference, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { url, sha256 = media.sha256, file_size } = await client.findMedia(media.reference, signal)
    const { fetch, clock, timeoutMs, maxMediaBytes: maxBytes, allowedMediaHosts: allowedHosts } = settings
    if (file_size !== undefined && file_size > maxBytes) throw tooLarge(maxBytes)
    // The address alone is not enough: without the token Meta answers as if there were nothing.
    const headers = { authorization: `Bearer ${await client.token.get()}` }
    return openSafely({ url, allowedHosts, headers, fetch, maxBytes, sha256, signal, timeoutMs, clock })
  }

  return async (media: MediaReference, { signal }: { readonly signal: AbortSignal }) => {
    try {
      return await openOnce(media, signal)
    } catch (error) {
      // An address is good for five minutes; a fresh one is asked for once.
      if (!isGone(error)) throw error
      return openOnce(media, signal)
    }
  }
}

function tooLarge(maxBytes: number): WaAgentError {
  return new WaAgentError(
    'media_too_large',
    `The file has more than ${maxBytes} bytes. Raise \`maxMediaBytes\` if it is wanted.`,
  )
}
