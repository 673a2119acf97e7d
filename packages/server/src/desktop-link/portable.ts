import { readFile } from 'node:fs/promises'
import { type OutboundMessage, WaAgentError } from '@wa-agent/core'

/** The message with its file in it, where it named one of this machine: another one cannot read it. Rejects with `send_failed`. */
export async function portable(message: OutboundMessage): Promise<OutboundMessage> {
  if (!('media' in message) || !('path' in message.media)) return message
  const { path, mimeType = 'application/octet-stream', ...rest } = message.media
  try {
    const base64 = (await readFile(path)).toString('base64')
    return { ...message, media: { ...rest, mimeType, base64 } }
  } catch (cause) {
    throw unreadable(cause)
  }
}

function unreadable(cause: unknown): WaAgentError {
  const message = 'The file to send cannot be read on this machine. Correct its `path`.'
  return new WaAgentError('send_failed', message, { cause })
}
