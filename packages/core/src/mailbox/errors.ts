import { WaAgentError } from '../errors.ts'

/** What a storage rejects with before `open` and after `close`. */
export function storageClosed(phase: 'new' | 'closed'): WaAgentError {
  const message =
    phase === 'new' ? 'The storage is not open yet: call open() first.' : 'The storage is closed: create a new one.'
  return new WaAgentError('storage_closed', message)
}

/** What `commit` rejects with where `sending` names a reply that is final: it must not be sent. */
export function replyGone(): WaAgentError {
  return new WaAgentError(
    'not_found',
    'The reply is not waiting to be sent any more (it was sent, suppressed or given up): do not send it; claim again.',
  )
}

/** What `deadLetters` rejects with for an id that is not one of a dead letter. */
export function letterGone(): WaAgentError {
  return new WaAgentError(
    'not_found',
    'There is no dead letter with this id: perhaps it was retried or discarded already. List them again.',
  )
}
