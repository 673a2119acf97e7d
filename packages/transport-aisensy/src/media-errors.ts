import { WaAgentError } from '@wa-agent/core'

/** AiSensy refused to give a file. */
export function refusedMedia(status: number): WaAgentError {
  return unavailable(`AiSensy did not give the file (HTTP ${status})`, {
    retryable: status === 429 || status >= 500,
  })
}

/** Something came that is not the file. */
export function unreadable(): WaAgentError {
  return unavailable('what AiSensy gave cannot be read as a file', { retryable: false })
}

export function unknownReference(): WaAgentError {
  return unavailable('the reference is not of a message of this transport', { retryable: false })
}

export function wrongHash(): WaAgentError {
  return unavailable('the file is not the one that was announced: its hash differs', { retryable: false })
}

export function noFile(why: string, cause?: unknown): WaAgentError {
  return unavailable(`AiSensy did not give the file: ${why}`, { retryable: true, cause })
}

export function tooLargeMedia(maxBytes: number): WaAgentError {
  const message = `[transport-aisensy] The file has more than ${maxBytes} bytes. Raise \`maxMediaBytes\` if it is wanted.`
  return new WaAgentError('media_too_large', message)
}

function unavailable(what: string, options: { readonly retryable: boolean; readonly cause?: unknown }): WaAgentError {
  const next = options.retryable ? 'Try again later.' : 'Ask the customer for it again.'
  return new WaAgentError('media_unavailable', `[transport-aisensy] Expected a file, but ${what}. ${next}`, options)
}
