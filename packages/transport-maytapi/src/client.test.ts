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
const refusal = (message: string, code?: string) => ({ success: false, message, code })

describe('what an answer to a send means', () => {
  test('a success is queued under the id that is told', () => {
    const body = { success: true, data: { chatId: '15550001001@c.us', msgId: 'a3ff8460' } }
    expect(resultOf(answer(200, body))).toEqual({ status: 'sent', providerId: 'a3ff8460' })
    expect(resultOf(answer(200, { success: 'true' }))).toEqual({ status: 'sent' })
  })

  test('HTTP 200 is no success by itself', () => {
    expect(resultOf(answer(200, refusal('Options are required.', 'F04')))).toEqual({
      status: 'failed',
      retryable: false,
      reason: 'F04 Options are required.',
    })
    expect(resultOf(answer(200, { success: 'false' }))).toMatchObject({ status: 'failed' })
  })

  test('a session that restarts is tried again after some seconds', () => {
    expect(resultOf(answer(200, refusal('Lib not loaded', 'W05')))).toEqual({
      status: 'failed',
      retryable: true,
      reason: 'W05 Lib not loaded',
      retryAfterMs: 5000,
    })
    expect(resultOf(answer(400, refusal('Lib not loaded', 'W05'), 9000))).toMatchObject({ retryAfterMs: 9000 })
  })

  test.each([
    ['Phone is not connected.', true],
    ['Your instance is loading', true],
    ['device session closed', true],
    ['Invalid phone', false],
    ['Phone number is not on WhatsApp', false],
    ['Your phone number is disconnected', true],
    ['text is required', false],
  ])('%s: trying again helps: %s', (message, retryable) => {
    expect(resultOf(answer(400, refusal(message)))).toMatchObject({ status: 'failed', retryable })
    expect(resultOf(answer(200, refusal(message)))).toMatchObject({ status: 'failed', retryable })
  })

  test('a wrong key is not mended by waiting', () => {
    expect(resultOf(answer(401, refusal('This phone is not yours')))).toMatchObject({ retryable: false })
    expect(resultOf(answer(403, undefined))).toEqual({ status: 'failed', retryable: false, reason: 'HTTP 403' })
  })

  test('too many requests slow the whole channel down', () => {
    expect(resultOf(answer(429, undefined, 7000))).toEqual({
      status: 'failed',
      retryable: true,
      slowDown: 'channel',
      reason: 'HTTP 429',
      retryAfterMs: 7000,
    })
  })

  test('a server in trouble is tried again, a gateway that gave up waiting is not guessed about', () => {
    for (const status of [500, 502, 503]) expect(resultOf(answer(status, 'x'))).toMatchObject({ retryable: true })
    for (const status of [408, 504, 520, 524])
      expect(resultOf(answer(status, 'x'))).toMatchObject({ status: 'uncertain' })
  })

  test('an answer that says neither yes nor no is uncertain', () => {
    for (const body of ['<html>', undefined, {}, [], { data: { msgId: 'm' } }]) {
      expect(resultOf(answer(200, body))).toMatchObject({ status: 'uncertain' })
    }
    expect(resultOf(answer(302, undefined))).toMatchObject({ status: 'failed', retryable: false })
  })

  test('the reason repeats no number', () => {
    expect(resultOf(answer(400, refusal('15550001001@c.us is not on WhatsApp')))).toMatchObject({
      reason: '[number]@c.us is not on WhatsApp',
    })
  })
})
