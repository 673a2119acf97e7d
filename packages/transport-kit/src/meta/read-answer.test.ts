import { expect, test } from 'vitest'
import type { HttpOutcome } from '../http-client.ts'
import { metaErrorAction, metaErrorWords } from './error-codes.ts'
import { readMetaAnswer } from './read-answer.ts'

function answer(status: number, body: unknown, retryAfterMs?: number): HttpOutcome {
  const answer = { kind: 'answer', status, headers: new Headers(), body } as const
  return retryAfterMs === undefined ? answer : { ...answer, retryAfterMs }
}

test.each([
  [
    'an id',
    answer(200, { messages: [{ id: 'w1', message_status: 'accepted' }] }),
    { status: 'sent', providerId: 'w1' },
  ],
  ['no id', answer(200, { messages: [{}] }), { status: 'sent' }],
  ['no messages', answer(201, { messaging_product: 'whatsapp' }), { status: 'sent' }],
  ['success in words', answer(200, { success: 'true' }), { status: 'sent' }],
  ['messages of another shape', answer(200, { messages: 'w1' }), { status: 'sent' }],
])('200 with %s is sent', (_, outcome, expected) => {
  expect(readMetaAnswer(outcome)).toEqual(expected)
})

test.each([
  ['a page of somebody in between', answer(200, '<html>')],
  ['nothing that can be read', answer(200, undefined)],
  ['an error without a code', answer(200, { error: { message: 'x' } })],
  ['a server in trouble', answer(500, '<html>')],
  ['a gateway without an answer', answer(504, { message: 'Endpoint request timed out' })],
  ['a connection that broke', { kind: 'uncertain', reason: 'ECONNRESET' } as const],
])('it is not known what became of it: %s', (_, outcome) => {
  expect(readMetaAnswer(outcome)).toEqual({ status: 'uncertain', reason: expect.any(String) })
})

test.each([
  [131047, 400, { retryable: false }],
  [131026, 400, { retryable: false }],
  [190, 401, { retryable: true, slowDown: 'channel', retryAfterMs: 60_000 }],
  [131000, 500, { retryable: true }],
  [131016, 503, { retryable: true }],
  [130429, 429, { retryable: true, slowDown: 'channel' }],
  [80007, 429, { retryable: true, slowDown: 'channel' }],
  [131056, 429, { retryable: true, slowDown: 'chat' }],
  [131057, 503, { retryable: true, slowDown: 'channel', retryAfterMs: 60_000 }],
  [139_999, 400, { retryable: false }],
  [139_999, 429, { retryable: true, slowDown: 'channel' }],
  [139_999, 503, { retryable: true }],
])('error %i with HTTP %i certainly failed', (code, status, action) => {
  const result = readMetaAnswer(answer(status, { error: { message: 'to 16505551234', code, fbtrace_id: 'Ab1' } }))
  expect(result).toEqual({
    status: 'failed',
    reason: expect.stringMatching(new RegExp(`^${code}\\b.*\\(trace Ab1\\)$`)),
    ...action,
  })
  expect(metaErrorAction(code, status)).toEqual(action)
})

test('what the provider says about waiting comes before what is usual', () => {
  const error = { code: 131056 }
  expect(readMetaAnswer(answer(429, { error }, 90_000))).toMatchObject({ retryAfterMs: 90_000 })
})

test('an error that says it is transient may be tried again', () => {
  expect(readMetaAnswer(answer(400, { error: { code: 139_999, is_transient: true } }))).toMatchObject({
    retryable: true,
  })
})

test.each([
  [400, { retryable: false }],
  [401, { retryable: false }],
  [302, { retryable: false }],
  [429, { retryable: true, slowDown: 'channel' }],
  [503, { retryable: true }],
])('HTTP %i without a code certainly failed', (status, action) => {
  expect(readMetaAnswer(answer(status, 'no'))).toEqual({ status: 'failed', reason: `HTTP ${status}`, ...action })
})

test('a code comes with our words, or with those of Meta and without numbers', () => {
  expect(metaErrorWords(131026, 'to +1 650 555 1234')).toBe('131026 undeliverable')
  expect(metaErrorWords(139_999, 'to +1 650 555 1234 or 16505551234')).toBe('139999 to … or …')
  expect(metaErrorWords(139_999)).toBe('139999')
})
