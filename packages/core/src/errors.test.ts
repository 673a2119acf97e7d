import { expect, expectTypeOf, test } from 'vitest'
import { describeError, type ErrorCode, isWaAgentError, WaAgentError } from './errors.ts'

test('an error tells its code, whether and when to try again, and its cause', () => {
  const cause = new Error('boom')
  const error = new WaAgentError('send_failed', 'Try later.', { retryable: true, retryAfterMs: 5, cause })
  expect(error).toMatchObject({ name: 'WaAgentError', code: 'send_failed', retryable: true, retryAfterMs: 5, cause })
  expect(error).toBeInstanceOf(Error)
  const plain = new WaAgentError('not_found', 'x')
  expect(plain).toMatchObject({ retryable: false, retryAfterMs: undefined })
  expect('cause' in plain).toBe(false)
})

test('the family is recognised across two copies of the package, and nothing else is', () => {
  const foreign = Object.assign(new Error('x'), { name: 'WaAgentError', code: 'not_found', retryable: false })
  expect(isWaAgentError(foreign)).toBe(true)
  for (const other of [new Error('x'), { name: 'WaAgentError', code: 'not_found' }, null, 'x']) {
    expect(isWaAgentError(other)).toBe(false)
  }
})

test('a description holds nothing that another author wrote', () => {
  expect(describeError(new WaAgentError('not_found', 'No such reply.'))).toBe('not_found: No such reply.')
  expect(describeError(new TypeError('Ana ordered 10 boxes'))).toBe('TypeError')
  expect(describeError(new DOMException('secret', 'AbortError'))).toBe('AbortError')
  expect([describeError('Ana'), describeError(null), describeError(undefined)]).toEqual([
    'string',
    'object',
    'undefined',
  ])
})

test('only known codes are accepted', () => {
  expectTypeOf<'turn_timeout'>().toExtend<ErrorCode>()
  expectTypeOf<'oops'>().not.toExtend<ErrorCode>()
})
