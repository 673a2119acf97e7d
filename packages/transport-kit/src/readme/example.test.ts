// #region example
import type { Delivery, SendResult } from '@wa-agent/core'
import { createHttpClient, createToken, failedAnswer, withToken } from '@wa-agent/transport-kit'

export function providerClient(baseUrl: string, readToken: () => Promise<string>) {
  const http = withToken(createHttpClient({ baseUrl, timeoutMs: 10_000 }), createToken(readToken))

  return async function send({ id, chat, message }: Delivery, signal: AbortSignal): Promise<SendResult> {
    const json = { to: chat, message, reference: id }
    const outcome = await http.request({ method: 'POST', path: '/messages', json, signal })
    if (outcome.kind !== 'answer') return failedAnswer(outcome)
    if (outcome.status === 200) return { status: 'sent' }
    const retryable = outcome.status === 429 || outcome.status === 503
    return { status: 'failed', retryable, reason: `HTTP ${outcome.status}` }
  }
}

// #endregion

import { expect, test } from 'vitest'
import { answer, testServer } from '../test-server.ts'

test('a send is sent, refused or not made at all', async () => {
  let status = 200
  const server = await testServer((_request, response) => answer(response, status, {}))
  const client = () => providerClient(server.url, async () => 'token')
  const send = client()
  const delivery: Delivery = {
    id: 'r1',
    chat: '16505551234',
    message: { type: 'text', text: 'Hi' },
    inReplyTo: [],
    attempt: 1,
  }
  const { signal } = new AbortController()
  expect(await send(delivery, signal)).toEqual({ status: 'sent' })
  status = 503
  expect(await send(delivery, signal)).toEqual({ status: 'failed', retryable: true, reason: 'HTTP 503' })
  await server[Symbol.asyncDispose]()
  // One with a connection of its own: it would be uncertain whether the old connection still took something.
  expect(await client()(delivery, signal)).toEqual({ status: 'failed', retryable: true, reason: 'ECONNREFUSED' })
})
