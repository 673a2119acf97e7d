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

const away = (state: string) =>
  unavailable(`The database cannot be reached or ended the connection${state}. Check its address, and whether it runs.`)
const undone = (state: string) => refused(`A statement failed and was undone${state}. Look at the cause of this error.`)

const notTrusted = refused('The certificate of the server is not trusted. Pass that of its authority: `ssl: { ca }`.')
const tooMany = unavailable('The database has too many connections. Lower `poolSize`, or raise its limit.')
const noPassword = refused('The database refuses the password. Correct it in the URL.')
const noDatabase = refused('The database does not exist. Create it, or correct the URL.')

/** What has no state of its own: words of `pg`, and of poolers, which call most of what they say 08P01 or XX000. */
const words: readonly (readonly [RegExp, Meaning])[] = [
  [
    /does not support SSL/,
    refused('The server has no TLS. Remove `ssl`, and `sslmode` from the URL, or switch it on there.'),
  ],
  [/SSL required/, refused('The server wants TLS. Add `?sslmode=verify-full` to the URL, or pass `ssl: { ca }`.')],
  [
    /unsupported startup parameter/,
    refused(
      'The pooler refuses a setting of the connection. Take `options` and time limits out of the URL or the pool, or name them in its ignore_startup_parameters.',
    ),
  ],
  [/max_client_conn|max client(s| connections) reached/i, tooMany],
  [/(SASL|password) authentication failed|no such user/, noPassword],
  [/no such database/, noDatabase],
]

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['53100', full],
  ['53300', tooMany],
  [
    '25006',
    unavailable(
      'The database is read-only, as a standby or a full disk makes it. Check which server the URL leads to.',
    ),
  ],
  ['28P01', noPassword],
  [
    '28000',
    refused('The database refuses this user. Check the URL and pg_hba.conf, and whether TLS is needed: `ssl`.'),
  ],
  ['3D000', noDatabase],
  ['ENOTFOUND', unavailable('There is no host of the name that the URL has. Correct it, or look at the DNS.')],
  ['42501', refused('The user lacks a right in the database. Grant it; docs/storage/postgres.md says which.')],
  ['42P01', refused('The tables are missing. Call open() or migrate() first.')],
  ['42883', refused('The functions are missing. Call open() or migrate() first.')],
  ['3F000', refused('The schema is missing. Call open() or migrate() first.')],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    refused(
      'The certificate of the server names another host. Connect by the name in it, or pass `ssl: { ca, checkServerIdentity }`.',
    ),
  ],
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

function meaningOf(error: unknown): Meaning | undefined {
  const state = stateOf(error)
  if (isUnreadable(error)) return unreadable
  if (state === undefined || state === '08P01' || state === 'XX000') {
    const said = error instanceof Error ? error.message : ''
    const known = words.find(([pattern]) => pattern.test(said))
    if (known) return known[1]
  }
  return meanings.get(state ?? '') ?? (untrusted.test(state ?? '') ? notTrusted : undefined)
}

const unreadable = refused('A file that the URL names, such as `sslrootcert`, cannot be read. Correct its path.')

/** A file, not the socket of a server that is away. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open'
}

/** Whether the server said that it did nothing and that the same would work now, or soon on another server. */
export function isUndone(error: unknown): boolean {
  return isSerializationFailure(error) || stateOf(error) === '25006'
}

function isSerializationFailure(error: unknown): boolean {
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
  const meaning = meaningOf(error)
  if (meaning === tooMany) return true
  if (meaning?.retryable === false) return false
  if (state !== undefined)
    return /^(08|57P0|25P0[34])/.test(state) || /^E[A-Z]{3,}/.test(state) || awayStates.has(state)
  return error instanceof Error && /connection|timeout|terminated|closed/i.test(error.message)
}

/** The error as our family tells it. The original is its cause and may name the server; our words never do. */
export function toStorageError(error: unknown): WaAgentError {
  if (isWaAgentError(error)) return error
  const state = stateOf(error)
  const meaning = isConnectionFailure(error) || isSerializationFailure(error) ? away : undone
  const { code, retryable, message } = meaningOf(error) ?? meaning(state === undefined ? '' : ` (${state})`)
  return new WaAgentError(code, `[storage-postgres] ${message}`, { retryable, cause: error })
}

/** What a turn that is late or taken over is told. */
export function leaseLost(): WaAgentError {
  return new WaAgentError(
    'lease_lost',
    'The lease of this conversation expired or was taken over; drop the turn, its messages are still pending.',
  )
}
