import { WaAgentError } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { maytapiTransport } from './maytapi-transport.ts'
import type { MaytapiTransportOptions } from './options.ts'

const good: MaytapiTransportOptions = {
  productId: 'p',
  phoneId: 1150,
  apiKey: 'key',
  webhookSecret: 'a-long-random-secret',
}

describe('the options', () => {
  test('that are given are enough, and are the defaults of the house', () => {
    const { name, tenant, channel, capabilities, limits, window, find, catchUp } = maytapiTransport(good)
    expect({ name, tenant, channel }).toEqual({ name: 'maytapi', tenant: 'default', channel: 'main' })
    expect(capabilities.types).not.toContain('buttons')
    expect(limits).toEqual({ messagesPerSecond: 30 })
    expect([window, find, catchUp]).toEqual([undefined, undefined, undefined])
  })

  test('turn buttons on', () => {
    const { capabilities } = maytapiTransport({ ...good, buttons: true })
    expect(capabilities.maxButtons).toBe(3)
    expect(capabilities.types).toContain('buttons')
  })

  test.each<[string, object]>([
    ['productId', { productId: '' }],
    ['phoneId', { phoneId: undefined }],
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: null }],
    ['webhookSecret', { webhookSecret: ' ' }],
    ['webhookSecret', { webhookSecret: undefined }],
    ['tenant', { tenant: '' }],
    ['baseUrl', { baseUrl: 'api.maytapi.com' }],
    ['baseUrl', { baseUrl: 'ftp://api.maytapi.com' }],
    ['apiKeyHeader', { apiKeyHeader: '' }],
    ['skipFilter', { skipFilter: 'sometimes' }],
    ['handoff', { handoff: 'no' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['maxMediaBytes', { maxMediaBytes: 1.5 }],
    ['maxWebhookBytes', { maxWebhookBytes: Number.NaN }],
    ['allowedMediaHosts', { allowedMediaHosts: ['https://cdn.example/path'] }],
    ['allowedMediaHosts', { allowedMediaHosts: 'cdn.example' }],
  ])('are checked at once: %s as %j', (name, wrong) => {
    const make = () => maytapiTransport({ ...good, ...wrong } as MaytapiTransportOptions)
    expect(make).toThrow(WaAgentError)
    expect(make).toThrow(`\`${name}\``)
  })

  test('that do not exist are refused, with the nearest one that does', () => {
    const typo = { ...good, webookSecret: 'x' }
    expect(() => maytapiTransport(typo)).toThrow(
      '[transport-maytapi] Expected options that exist, got `webookSecret`. The nearest one is `webhookSecret`.',
    )
    const within = { ...good, limits: { perChat: { everyMs: 1000, burst: 3, bursts: 3 } } }
    expect(() => maytapiTransport(within)).toThrow('got `limits.perChat.bursts`')
  })

  test('are not repeated where they are secret', () => {
    const make = () => maytapiTransport({ ...good, apiKey: 7 as unknown as string })
    expect(make).toThrow(/Expected `apiKey` to be an API token or a function that gives one\. /)
  })
})
