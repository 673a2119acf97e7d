import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OutboundMessage } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyTransportOptions } from './options.ts'

const project = { type: 'project', projectId: 'p1', password: 'correct horse' } as const
const text: OutboundMessage = { type: 'text', text: 'Two boxes are ready.' }
const template: OutboundMessage = { type: 'template', name: 'order_update', language: 'en', parameters: [] }

function send(message: OutboundMessage, options: Omit<AisensyTransportOptions, 'webhookSecret'>) {
  const transport = aisensyTransport({ webhookSecret: 'a-shared-secret', ...options })
  const delivery = { id: 'reply-7', chat: '919999900001', message, inReplyTo: [], attempt: 1 }
  return transport.send(delivery, { signal: new AbortController().signal })
}

describe('without an answer', () => {
  /** A server on loopback that reads what comes and says nothing. */
  async function silentServer() {
    let requests = 0
    const silent = createServer((request) => {
      requests += 1
      request.resume()
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    return {
      baseUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      requests: () => requests,
      async [Symbol.asyncDispose]() {
        silent.closeAllConnections()
        await new Promise((resolve) => silent.close(resolve))
      },
    }
  }

  test('nobody knows whether the message went out', async () => {
    await using silent = await silentServer()
    const options = { api: { ...project, baseUrl: silent.baseUrl }, timeoutMs: 100 }
    expect(await send(text, options)).toEqual({ status: 'uncertain', reason: 'timeout' })
    const campaign = { apiKey: 'jwt', name: 'order_update', url: `${silent.baseUrl}/campaign/t1/api/v2` }
    expect((await send(template, { ...options, campaign })).status).toBe('uncertain')
    expect(silent.requests()).toBe(2)
  })

  test('but because of a connection that was never made it certainly did not', async () => {
    const silent = await silentServer()
    await silent[Symbol.asyncDispose]()
    const result = await send(text, { api: { ...project, baseUrl: silent.baseUrl } })
    expect(result).toEqual({ status: 'failed', retryable: true, reason: 'ECONNREFUSED' })
  })
})
