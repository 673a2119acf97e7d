import { type ErrorCode, isWaAgentError, WaAgentError } from '@wa-agent/core'

/** Raised by our functions where somebody changed who is who at the same moment. */
const tryAgainState = 'WA001'

/** Raised where a new conversation has an id that another one got at the same moment. */
const takenState = 'WA002'

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const serialization = new Set(['40001', '40P01', '23505', tryAgainState])

interface Meaning {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly message: string
}

const unavailable = (message: string): Meaning => ({ code: 'storage_unavailable', retryable: true, message })
const refused = (message: string): Meaning => ({ code: 'storage_unavailable', retryable: false, message })
const full: Meaning = {
  code: 'storage_full',
  retryable: true,
  message: 'The disk of the database is full. Nothing was changed; make room and try again.',
}

const away = unavailable('The database cannot be reached or ended the connection. It is tried again; check the server.')

const notTrusted = refused('The certificate of the server is not trusted. Pass that of its authority: `ssl: { ca }`.')

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['53100', full],
  ['53300', unavailable('The database has too many connections. Lower `poolSize`, or raise its limit.')],
  ['25006', unavailable('The database is read-only, as a standby is. Check which server the URL leads to.')],
  ['28P01', refused('The database refuses the password. Correct it in the URL.')],
  [
    '28000',
    refused('The database refuses this user. Check the URL and pg_hba.conf, and whether TLS is needed: `ssl`.'),
  ],
  ['3D000', refused('The database does not exist. Create it, or correct the URL.')],
  ['42501', refused('The user lacks a right in the database. Grant it; docs/storage/postgres.md says which.')],
  ['42P01', refused('The tables are missing. Call open() or migrate() first.')],
  ['42883', refused('The functions are missing. Call open() or migrate() first.')],
  ['3F000', refused('The schema is missing. Call open() or migrate() first.')],
  ['57014', unavailable('The database ended a statement that took too long. Nothing was changed; try again.')],
  ['55P03', unavailable('The database gave up waiting for a lock. Nothing was changed; try again.')],
])

/** A standby after a failover, and a server that is full at this moment: a later connection may lead elsewhere or fit in. */
const awayStates = new Set(['25006', '53300'])

/** What Node calls a certificate that it does not trust. */
const untrusted = /CERT|UNABLE_TO_|ERR_TLS/

/** SQLSTATE where the server told one, or what Node calls the failure of the connection. */
function stateOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Whether the server said that it did nothing and that the same would work now. */
export function isSerializationFailure(error: unknown): boolean {
  return serialization.has(stateOf(error) ?? '')
}

/** Whether messages that seemed to open new conversations have to be taken in one by one. */
export function isTaken(error: unknown): boolean {
  return stateOf(isWaAgentError(error) ? error.cause : error) === takenState
}

/** For a transaction that found things changed: it is run again. */
export function changedMeanwhile(): Error {
  return Object.assign(new Error('the conversations changed meanwhile'), { code: tryAgainState })
}

/**
 * Whether the connection is to blame. What was asked for may or may not have been done: the answer never came. The server says
 * 57P01 to 57P03 when it ends, 25P03 and 25P04 when it ends a transaction that takes too long, and 08... about connections.
 */
export function isConnectionFailure(error: unknown): boolean {
  const state = stateOf(error)
  if (state !== undefined)
    return /^(08|57P0|25P0[34])/.test(state) || /^E[A-Z]{3,}/.test(state) || awayStates.has(state)
  return error instanceof Error && /connection|timeout|terminated|closed/i.test(error.message)
}

/** The error as our family tells it. The original is its cause and may name the server; our words never do. */
export function toStorageError(error: unknown): WaAgentError {
  if (isWaAgentError(error)) return error
  const state = stateOf(error)
  const { code, retryable, message } =
    meanings.get(state ?? '') ??
    (untrusted.test(state ?? '') ? notTrusted : undefined) ??
    (isConnectionFailure(error) || isSerializationFailure(error)
      ? away
      : refused('A statement failed and was undone. Look at the cause of this error.'))
  return new WaAgentError(code, `[storage-postgres] ${message}`, { retryable, cause: error })
}

/** What a turn that is late or taken over is told. */
export function leaseLost(): WaAgentError {
  return new WaAgentError(
    'lease_lost',
    'The lease of this conversation expired or was taken over; drop the turn, its messages are still pending.',
  )
}
