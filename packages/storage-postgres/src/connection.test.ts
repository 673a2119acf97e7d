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
  expect(connectionTo(url, settingsOf({ url }))).toMatchObject({ connectionString: url })
  expect(connectionTo(url, settingsOf({ url }))).not.toHaveProperty('ssl')
})

const failure = (code: string) => Object.assign(new Error('words of the server'), { code })

test.each([
  ['ECONNREFUSED', true, 'storage_unavailable', true],
  ['08006', true, 'storage_unavailable', true],
  ['57P01', true, 'storage_unavailable', true],
  ['25P03', true, 'storage_unavailable', true],
  ['53300', true, 'storage_unavailable', true],
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
