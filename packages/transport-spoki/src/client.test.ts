import type { HttpAnswer } from '@wa-agent/transport-kit'
import { describe, expect, test } from 'vitest'
import { resultOf } from './client.ts'

const answer = (status: number, body: unknown, retryAfterMs?: number): HttpAnswer => ({
  kind: 'answer',
  status,
  headers: new Headers(),
  body,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

describe('what an answer to a send means', () => {
  test('it is sent where the id of the message is told', () => {
    const uuid = '5f1c2a9e-3b7d-4c11-9e0a-2b6d1f7c8a01'
    const sent = { status: 'sent', providerId: '5f1c2a9e3b7d4c119e0a2b6d1f7c8a01' }
    expect(resultOf(answer(201, { id: 88123401, uuid, status: 'Pending' }))).toEqual(sent)
    expect(resultOf(answer(200, { data: { uuid } }))).toEqual(sent)
    expect(resultOf(answer(200, { id: 88123401 }))).toEqual({ status: 'sent', providerId: '88123401' })
  })

  test('nobody knows where it is not', () => {
    for (const body of [{ detail: 'Message queued' }, undefined, '<html>', [], { id: '' }]) {
      expect(resultOf(answer(200, body))).toMatchObject({ status: 'uncertain' })
    }
  })

  test('it has failed where an error is told, whatever the status and the id are', () => {
    const credit = { error: 'Not enough credit', error_code: 'spoki::1029' }
    const failed = { status: 'failed', retryable: false, reason: 'spoki::1029 Not enough credit' }
    expect(resultOf(answer(402, credit))).toEqual(failed)
    expect(resultOf(answer(200, credit))).toEqual(failed)
    expect(resultOf(answer(200, { ...credit, id: 1 }))).toEqual(failed)
    expect(resultOf(answer(500, credit))).toEqual(failed)
    expect(resultOf(answer(200, { error: 'No' }))).toEqual({ status: 'failed', retryable: false, reason: 'No' })
  })

  test("Meta's codes mean what they mean at Meta", () => {
    const code = (number: number) => resultOf(answer(400, { errors: [{ error_code: `whatsapp::${number}` }] }))
    for (const never of [131026, 131049, 131050, 131053]) expect(code(never)).toMatchObject({ retryable: false })
    expect(code(131056)).toMatchObject({ retryable: true, slowDown: 'chat' })
    expect(code(130429)).toMatchObject({ retryable: true, slowDown: 'channel' })
    expect(code(131026)).toMatchObject({ reason: expect.stringMatching(/^whatsapp::131026 /) })
  })

  test('too many requests slow the channel down for as long as is told', () => {
    expect(resultOf(answer(429, { detail: 'Request was throttled.' }, 9000))).toEqual({
      status: 'failed',
      retryable: true,
      slowDown: 'channel',
      reason: 'Request was throttled.',
      retryAfterMs: 9000,
    })
  })

  test('a server in trouble is tried again, a gateway that gave up waiting is not guessed about', () => {
    for (const status of [500, 502, 503]) expect(resultOf(answer(status, 'x'))).toMatchObject({ retryable: true })
    for (const status of [408, 504, 520, 524])
      expect(resultOf(answer(status, 'x'))).toMatchObject({ status: 'uncertain' })
    for (const status of [302, 400, 401, 404]) expect(resultOf(answer(status, 'x'))).toMatchObject({ retryable: false })
  })

  test('the reason repeats no number', () => {
    expect(resultOf(answer(400, { detail: 'Invalid phone +1 555 000 1001' }))).toMatchObject({
      reason: 'Invalid phone [number]',
    })
  })
})
