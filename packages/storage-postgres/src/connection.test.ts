import { expect, test } from 'vitest'
import { connectionTo } from './connection.ts'
import { isConnectionFailure, toStorageError } from './errors.ts'
import { settingsOf } from './options.ts'

test('the option ssl counts, and not what the URL says of it', () => {
  const url = 'postgres://me:p%40ss@db.example.org:6543/shop?sslmode=require&application_name=bot'
  const given = connectionTo(url, settingsOf({ url, ssl: { ca: 'certificate' } }))
  expect(given).toMatchObject({
    connectionString: 'postgres://me:p%40ss@db.example.org:6543/shop?application_name=bot',
    ssl: { ca: 'certificate' },
  })
  const verified = url.replace('sslmode=require', 'sslmode=verify-full')
  expect(connectionTo(url, settingsOf({ url }))).toMatchObject({ connectionString: verified })
  expect(connectionTo(url, settingsOf({ url }))).not.toHaveProperty('ssl')
  const asLibpq = `${url}&uselibpqcompat=true`
  expect(connectionTo(asLibpq, settingsOf({ url }))).toMatchObject({ connectionString: asLibpq })
})

const failure = (code: string, said = 'words of the server') => Object.assign(new Error(said), { code })

test.each([
  ['ECONNREFUSED', true, 'storage_unavailable', true],
  ['08006', true, 'storage_unavailable', true],
  ['57P01', true, 'storage_unavailable', true],
  ['25P03', true, 'storage_unavailable', true],
  ['53300', true, 'storage_unavailable', true],
  ['25006', true, 'storage_unavailable', true],
  ['53100', false, 'storage_full', true],
  ['57014', false, 'storage_unavailable', true],
  ['28P01', false, 'storage_unavailable', false],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'storage_unavailable', false],
  ['42P01', false, 'storage_unavailable', false],
  ['XX000', false, 'storage_unavailable', false],
])('%s is told so that the caller knows what to do', (...[state, isConnection, code, retryable]) => {
  expect(isConnectionFailure(failure(state))).toBe(isConnection)
  const told = toStorageError(failure(state))
  expect(told).toMatchObject({ code, retryable, message: expect.stringMatching(/^\[storage-postgres\] [A-Z].*\.$/) })
  expect(told.message).not.toContain('words of the server')
})

test.each([
  ['08P01', 'unsupported startup parameter: options', false, /pooler refuses a setting/],
  ['08P01', 'no more connections allowed (max_client_conn)', true, /too many connections/],
  ['XX000', 'MaxClientsInSessionMode: max clients reached', true, /too many connections/],
  ['08P01', 'SSL required', false, /wants TLS/],
  ['08P01', 'server conn crashed?', true, /cannot be reached/],
])('what poolers call %s is known by its words: %s', (...[state, said, retryable, message]) => {
  expect(isConnectionFailure(failure(state, said))).toBe(retryable)
  expect(toStorageError(failure(state, said))).toMatchObject({ retryable, message: expect.stringMatching(message) })
})
