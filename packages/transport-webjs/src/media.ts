import { type Clock, type MediaReference, WaAgentError } from '@wa-agent/core'
import { completeIds } from './ids.ts'
import type { Settings } from './options.ts'
import { causeOf, isGone } from './page-errors.ts'
import type { Session } from './session.ts'
import { TooLongError, within } from './within.ts'

export interface MediaOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly session: () => Session | undefined
  readonly signal: AbortSignal
}

/** The bytes of a file that came in, fetched by the page. Rejects with `media_unavailable` or `media_too_large`. */
export async function openFromChat(
  { reference, sizeBytes = 0 }: MediaReference,
  { settings, clock, session: sessionOfNow, signal }: MediaOptions,
): Promise<ReadableStream<Uint8Array>> {
  signal.throwIfAborted()
  const session = sessionOfNow()
  if (!session) throw unavailable('WhatsApp Web is not connected', true)
  // Before it is fetched: the whole file passes through the memory, and as text at that.
  if (sizeBytes > settings.maxMediaBytes) throw tooLarge(settings.maxMediaBytes)
  let base64: string | undefined
  try {
    base64 = await within({ clock, limitMs: settings.pageTimeoutMs }, download(session, reference))
  } catch (error) {
    const isLater = isGone(error) || error instanceof TooLongError || session.gone.aborted
    throw unavailable(causeOf(error) || 'the page did not give it', isLater, error)
  }
  if (base64 === undefined) throw unavailable('WhatsApp no longer has it', false)
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.byteLength > settings.maxMediaBytes) throw tooLarge(settings.maxMediaBytes)
  return new Blob([bytes]).stream()
}

async function download(session: Session, reference: string): Promise<string | undefined> {
  const message = await session.client.getMessageById(reference)
  if (!message) return undefined
  const media = await completeIds(message).downloadMedia()
  return media?.data
}

function tooLarge(maxBytes: number): WaAgentError {
  const message = `The file has more than ${maxBytes} bytes. Raise \`maxMediaBytes\` if it is wanted.`
  return new WaAgentError('media_too_large', message)
}

function unavailable(what: string, retryable: boolean, cause?: unknown): WaAgentError {
  return new WaAgentError('media_unavailable', `The file could not be opened: ${what}.`, {
    retryable,
    ...(cause === undefined ? {} : { cause }),
  })
}
