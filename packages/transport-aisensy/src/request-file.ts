import { isWaAgentError } from '@wa-agent/core'
import { noFile } from './media-errors.ts'
import type { Settings } from './settings.ts'

interface FileRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly json: unknown
  readonly signal: AbortSignal
  readonly settings: Pick<Settings, 'fetch' | 'clock' | 'timeoutMs'>
}

/**
 * Asks our own API for a file and resolves as soon as the answer begins. The body is the caller's to read or to cancel.
 * Rejects with a retryable `media_unavailable` where no answer came.
 */
export async function requestFile(url: string, { headers, json, signal, settings }: FileRequest): Promise<Response> {
  const late = new AbortController()
  const cancelTimer = settings.clock.after(settings.timeoutMs, () => late.abort(noFile('it took too long')))
  try {
    return await (settings.fetch ?? fetch)(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(json),
      // A redirect would take the credentials along to wherever it leads.
      redirect: 'error',
      signal: AbortSignal.any([signal, late.signal]),
    })
  } catch (error) {
    signal.throwIfAborted()
    throw isWaAgentError(error) ? error : noFile('it could not be reached', error)
  } finally {
    cancelTimer()
  }
}
