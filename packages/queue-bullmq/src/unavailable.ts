import { isWaAgentError, WaAgentError } from '@wa-agent/core'

/** Redis does not answer, or refuses: nothing of what it or its client says is passed on but the code. */
export function unavailable(error: unknown): WaAgentError {
  if (isWaAgentError(error)) return error
  const code = codeOf(error)
  return new WaAgentError(
    'queue_unavailable',
    `[bullmqQueue] Redis ${hints[code] ?? `failed (${code})`}. Try again later.`,
    {
      retryable: true,
    },
  )
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'is away (ECONNREFUSED)',
  ECONNRESET: 'closed the connection (ECONNRESET)',
  ENOTFOUND: 'has a host name that is unknown (ENOTFOUND)',
  ETIMEDOUT: 'did not answer in time (ETIMEDOUT)',
  LOADING: 'is still starting (LOADING)',
  MISCONF: 'cannot write to its disk (MISCONF)',
  NOAUTH: 'wants a password (NOAUTH)',
  NOPERM: 'does not allow this user to do that (NOPERM)',
  OOM: 'has no memory left (OOM)',
  READONLY: 'is a replica, which takes nothing in (READONLY)',
  WRONGPASS: 'refuses the password (WRONGPASS)',
}

/**
 * What went wrong, as one word that is safe to log. The client's errors hold the command with its arguments: the password,
 * or what a customer wrote. Their messages may quote them.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  if ('code' in error && typeof error.code === 'string') return error.code
  // BullMQ's own: -1 no such job, -2 no lock, -6 the lock of another.
  if ('code' in error && typeof error.code === 'number') return `BullMQ ${error.code}`
  if (error.message === 'Command timed out' || error.message === 'connect ETIMEDOUT') return 'ETIMEDOUT'
  // Redis begins its refusals with a word in capitals.
  const refusal = /^(?<word>[A-Z]{2,20})\b/.exec(error.message)?.groups?.['word']
  return error.name === 'ReplyError' && refusal !== undefined ? refusal : error.name
}
