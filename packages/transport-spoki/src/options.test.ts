import { type OutboundTemplate, WaAgentError } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import type { SpokiTransportOptions } from './options.ts'
import { spokiTransport } from './spoki-transport.ts'

const good: SpokiTransportOptions = { apiKey: 'key', webhookSecret: 'a-long-random-secret' }

describe('the options', () => {
  test('that are given are enough, and are the defaults of the house', () => {
    const { name, tenant, channel, window, limits, find, catchUp } = spokiTransport(good)
    expect({ name, tenant, channel }).toEqual({ name: 'spoki', tenant: 'default', channel: 'main' })
    expect(window).toEqual({ durationMs: 86_400_000 })
    expect(limits).toEqual({ messagesPerSecond: 2 })
    expect([find, catchUp]).toEqual([undefined, undefined])
  })

  test('name the template for what comes too late', () => {
    const windowTemplate: OutboundTemplate = { type: 'template', name: '123', language: 'it', parameters: [] }
    const { window } = spokiTransport({ ...good, windowTemplate })
    expect(window?.template).toEqual(windowTemplate)
  })

  test('that do not exist are refused, with the nearest one that does', () => {
    const typo = { ...good, apikey: 'x' }
    expect(() => spokiTransport(typo)).toThrow(
      '[transport-spoki] Expected options that exist, got `apikey`. The nearest one is `apiKey`.',
    )
    const within = { ...good, templates: { hello: { id: 1, field: ['NAME'] } } }
    expect(() => spokiTransport(within)).toThrow(
      'got `templates.hello.field`. The nearest one is `templates.hello.fields`',
    )
  })

  test.each<[string, object]>([
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: undefined }],
    ['webhookSecret', { webhookSecret: '' }],
    ['tenant', { tenant: ' ' }],
    ['baseUrl', { baseUrl: 'api.spoki.com' }],
    ['accountId', { accountId: '' }],
    ['handoff', { handoff: 'yes' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['maxMediaBytes', { maxMediaBytes: -1 }],
    ['maxWebhookBytes', { maxWebhookBytes: 1.5 }],
    ['allowedMediaHosts', { allowedMediaHosts: ['*'] }],
    ['windowTemplate', { windowTemplate: { type: 'template', name: 'hello', language: 'it', parameters: [] } }],
    ['templates.hello.id', { templates: { hello: { id: '123' } } }],
    ['templates.hello.id', { templates: { hello: undefined } }],
    ['templates.hello.fields', { templates: { hello: { id: 1, fields: [''] } } }],
  ])('are checked at once: %s as %j', (name, wrong) => {
    const make = () => spokiTransport({ ...good, ...wrong } as SpokiTransportOptions)
    expect(make).toThrow(WaAgentError)
    expect(make).toThrow(`\`${name}\``)
  })
})
