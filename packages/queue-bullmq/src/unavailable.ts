import { isWaAgentError, WaAgentError } from '@wa-agent/core'

/** Redis does not answer, or refuses: nothing of what it or its client says is passed on but the code. */
export function unavailable(error: unknown): Error {
  if (isWaAgentError(error) || isMistake(error)) return error
  const code = codeOf(error)
  if (clusterCodes.includes(code)) {
    return new WaAgentError(
      'invalid_options',
      `[bullmqQueue] Redis is a cluster (${code}), which is not supported. Use a single Redis. One node alone works with a prefix that is a hash tag: prefix: '{bull}'.`,
    )
  }
  const hint = refusals[code] ?? hints[code] ?? `failed (${code})`
  const advice = code in refusals ? 'Correct the `connection`.' : 'Try again later.'
  return new WaAgentError('queue_unavailable', `[bullmqQueue] Redis ${hint}. ${advice}`, { retryable: true })
}

/** It is in our code, or in BullMQ's: neither Redis nor its client say anything so. */
function isMistake(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

/** What only a Redis in cluster mode says. */
const clusterCodes: readonly string[] = ['CROSSSLOT', 'MOVED', 'ASK']

/** How Redis is, for the log: away, or what it refuses a connection for. */
export function stateOf(code: string): string {
  return refusals[code] ?? 'is away'
}

/** It is there, but not for us: somebody has to correct the settings, here or there. */
const refusals: Readonly<Record<string, string>> = {
  NOAUTH: 'wants a password (NOAUTH)',
  NOPERM: 'does not allow this user to do that (NOPERM)',
  SELECT: 'refuses: it has no such database (SELECT)',
  WRONGPASS: 'refuses the password (WRONGPASS)',
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'is away (ECONNREFUSED)',
  ECONNRESET: 'closed the connection (ECONNRESET)',
  ENOTFOUND: 'has a host name that is unknown (ENOTFOUND)',
  ETIMEDOUT: 'did not answer in time (ETIMEDOUT)',
  LOADING: 'is still starting (LOADING)',
  MISCONF: 'cannot write to its disk (MISCONF)',
  OOM: 'has no memory left (OOM)',
  READONLY: 'is a replica, which takes nothing in (READONLY)',
}

/** What ioredis says, without a code, of a command whose connection has ended. */
const lostConnection = /^(MaxRetriesPerRequestError|Error: (Stream isn't writeable|Connection is closed))/

/** Whether it says no to the database that a connection is to use. */
export function isRefusedSelect(error: unknown): boolean {
  return error instanceof Error && 'command' in error && (error.command as { name?: unknown })?.name === 'select'
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
  if (lostConnection.test(`${error.name}: ${error.message}`)) return 'ECONNRESET'
  if (isRefusedSelect(error) && /^ERR\b/.test(error.message)) return 'SELECT'
  // Redis begins its refusals with a word in capitals.
  const refusal = /^(?<word>[A-Z]{2,20})\b/.exec(error.message)?.groups?.['word']
  return error.name === 'ReplyError' && refusal !== undefined ? refusal : error.name
}
