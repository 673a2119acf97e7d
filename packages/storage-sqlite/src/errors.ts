import { type ErrorCode, isWaAgentError, WaAgentError } from '@wa-agent/core'

/** SQLite's primary result codes that mean something to whoever must act. https://sqlite.org/rescode.html */
const busy = 5
const locked = 6
const readOnly = 8
const inputOutput = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

interface Meaning {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly message: string
}

const unavailable = (message: string): Meaning => ({ code: 'storage_unavailable', retryable: true, message })
const outOfSpace = (message: string): Meaning => ({ code: 'storage_full', retryable: true, message })

const damaged: Meaning = {
  code: 'storage_corrupt',
  retryable: false,
  message: 'The file is damaged or is no wa-agent database. Restore a backup, or choose another `path`.',
}

const meanings: ReadonlyMap<number, Meaning> = new Map([
  [busy, unavailable('Another program is writing to the database. End it; nothing was changed.')],
  [locked, unavailable('The database is locked. Nothing was changed; try again.')],
  [readOnly, outOfSpace('The database cannot be written. Check the permissions of the file and its folder.')],
  [inputOutput, unavailable('The disk failed to read or write. Nothing was changed; check the disk.')],
  [corrupt, damaged],
  [full, outOfSpace('The disk is full. Nothing was changed; make room and try again.')],
  [cannotOpen, unavailable('The database cannot be opened. Check that the folder exists and can be written.')],
  [notADatabase, damaged],
])

const noFolder: Meaning = {
  code: 'storage_unavailable',
  retryable: false,
  message: 'The folder of the database cannot be made, because a file is in the way. Choose another `path`.',
}

const fileMeanings: ReadonlyMap<string, Meaning> = new Map([
  ['EEXIST', noFolder],
  ['ENOTDIR', noFolder],
  ['EACCES', outOfSpace('The folder of the database cannot be written. Check its permissions.')],
  ['EPERM', outOfSpace('The folder of the database cannot be written. Check its permissions.')],
  ['EROFS', outOfSpace('The disk is read-only. Choose a `path` on one that can be written.')],
  ['ENOSPC', outOfSpace('The disk is full. Make room and try again.')],
])

/** Why there is no folder for the database. Above it there is one: where it is said to be missing nothing can be made. */
export function folderNotMade(error: unknown): WaAgentError {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return toStorageError(error)
  const message = '[storage-sqlite] The folder of the database cannot be made where it is to be. Choose another `path`.'
  return new WaAgentError('storage_unavailable', message, { cause: error })
}

/** SQLite's primary result code of an error, `undefined` for every other error. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

/** Whether the disk or another program is to blame, so that every other operation would fail just the same. */
export function isEnvironmental(error: unknown): boolean {
  const code = resultCode(error)
  return code !== undefined && meanings.has(code)
}

/** The error as our family tells it; the original is its cause. */
export function toStorageError(error: unknown): WaAgentError {
  if (isWaAgentError(error)) return error
  const fileCode = error instanceof Error && 'code' in error ? String(error.code) : ''
  const { code, retryable, message } = meanings.get(resultCode(error) ?? -1) ??
    fileMeanings.get(fileCode) ?? {
      code: 'storage_unavailable' as const,
      retryable: false,
      message: 'An operation failed and was undone. Look at the cause of this error.',
    }
  return new WaAgentError(code, `[storage-sqlite] ${message}`, { retryable, cause: error })
}

/**
 * The disk failed to sync. What was written may or may not be there, and the system forgets such an error once it has told
 * it: a second sync would succeed without the data. So nothing is taken in until the file was opened again.
 */
export function syncFailed(cause: unknown): WaAgentError {
  const message =
    '[storage-sqlite] The disk failed to keep what was written. Check the disk and start this process again.'
  return new WaAgentError('storage_unavailable', message, { retryable: true, cause })
}
