import { isWaAgentError } from '@wa-agent/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyTransportOptions } from './options.ts'

const project = { type: 'project', projectId: '655b1f0c9d3e4a0012ab34cd', password: 'correct horse' } as const
const credentials = { email: 'ops@example.com', password: 'correct horse', projectId: '655b1f0c9d3e4a0012ab34cd' }
const valid: AisensyTransportOptions = { api: project, webhookSecret: 'a-shared-secret' }

describe('aisensyTransport', () => {
  test('needs an API and a way to prove webhooks, and has defaults for the rest', () => {
    const transport = aisensyTransport(valid)
    expect(transport).toMatchObject({ name: 'aisensy', tenant: 'default', channel: 'main' })
    expect(transport.window).toEqual({ durationMs: 86_400_000 })
    expect(transport.limits).toEqual({ messagesPerSecond: 80, perChat: { everyMs: 6000, burst: 45 } })
  })

  test.each<[string, Partial<AisensyTransportOptions>]>([
    ['the Direct API with a token', { api: { type: 'direct', token: 'jwt' } }],
    ['the Direct API with a function', { api: { type: 'direct', token: async () => 'jwt' } }],
    ['the Direct API with credentials', { api: { type: 'direct', credentials } }],
    ['a token in the address', { webhookToken: '0123456789abcdef' }],
    ['campaigns by template', { campaign: { apiKey: 'jwt', name: { order_update: 'order_update_v2' } } }],
  ])('takes %s', (_, options) => {
    expect(() => aisensyTransport({ ...valid, ...options })).not.toThrow()
  })

  test('has the template of the window', () => {
    const windowTemplate = { name: 'come_back', language: 'en', parameters: ['Asha'] }
    expect(aisensyTransport({ ...valid, windowTemplate }).window?.template).toEqual(windowTemplate)
  })

  test.each<[string, object]>([
    ['`webhookSecret` or `webhookToken`', { webhookSecret: undefined }],
    ['`webhookSecret`', { webhookSecret: ' ' }],
    ['`webhookToken`', { webhookToken: 'short' }],
    ['`webhookToken`', { webhookToken: 7 }],
    ['`api`', { api: undefined }],
    ['`api`', { api: { type: 'campaign' } }],
    ['`api.projectId`', { api: { ...project, projectId: '' } }],
    ['`api.password`', { api: { ...project, password: undefined } }],
    ['`api.baseUrl`', { api: { ...project, baseUrl: 'apis.aisensy.com' } }],
    ['`api.authHeader`', { api: { ...project, authHeader: 'X Bad\r\n' } }],
    ['`api.token` or `api.credentials`', { api: { type: 'direct' } }],
    ['`api.token`', { api: { type: 'direct', token: '' } }],
    ['`api.credentials.email`', { api: { type: 'direct', credentials: { ...credentials, email: undefined } } }],
    ['`api.credentials`', { api: { type: 'direct', credentials: null } }],
    ['`signatureHeader`', { signatureHeader: '' }],
    ['`phoneNumberId`', { phoneNumberId: '' }],
    ['`campaign.apiKey`', { campaign: { name: 'x' } }],
    ['`campaign.name`', { campaign: { apiKey: 'jwt' } }],
    ['`campaign.name`', { campaign: { apiKey: 'jwt', name: { order_update: '' } } }],
    ['`campaign.url`', { campaign: { apiKey: 'jwt', name: 'x', url: 'ftp://example.com' } }],
    ['`windowTemplate.name`', { windowTemplate: { language: 'en' } }],
    ['`windowTemplate.language`', { windowTemplate: { name: 'x' } }],
    ['`timeoutMs`', { timeoutMs: 0 }],
    ['`maxMediaBytes`', { maxMediaBytes: 1.5 }],
    ['`maxWebhookBytes`', { maxWebhookBytes: -1 }],
    ['`allowedMediaHosts`', { allowedMediaHosts: 'cdn.example.com' }],
    ['`allowedMediaHosts`', { allowedMediaHosts: [''] }],
    ['`allowedMediaHosts`', { allowedMediaHosts: ['*.example.com'] }],
    ['`fetch`', { fetch: 'global' }],
    ['`tenant`', { tenant: '' }],
    ['`channel`', { channel: 7 }],
  ])('refuses a wrong %s and says so', (name, options) => {
    const error = thrownBy(() => aisensyTransport({ ...valid, ...options } as AisensyTransportOptions))
    expect(isWaAgentError(error) && error.code).toBe('invalid_options')
    expect((error as Error).message).toMatch(/^\[transport-aisensy\] Expected/)
    expect((error as Error).message).toContain(name)
  })

  test.each<[string, string, object]>([
    ['webhooksecret', 'webhookSecret', { webhooksecret: 'x' }],
    ['api.pasword', 'api.password', { api: { ...project, pasword: 'x' } }],
    ['api.password', 'api.credentials.password', { api: { type: 'direct', token: 'jwt', password: 'x' } }],
    ['campaign.names', 'campaign.name', { campaign: { apiKey: 'jwt', names: 'x' } }],
    [
      'windowTemplate.parameter',
      'windowTemplate.parameters',
      { windowTemplate: { name: 'x', language: 'en', parameter: [] } },
    ],
    ['limits.cold.perday', 'limits.cold.perDay', { limits: { cold: { perday: 3 } } }],
  ])('refuses %s, which does not exist', (name, nearest, options) => {
    const error = thrownBy(() => aisensyTransport({ ...valid, ...options }))
    const message = `Expected options that exist, got \`${name}\`. The nearest one is \`${nearest}\`.`
    expect(error).toMatchObject({ code: 'invalid_options', message: `[transport-aisensy] ${message}` })
  })

  test.each([{ webhookToken: 'tooshort' }, { campaign: 'tooshort' }])(
    'shows no secret in what it says of %j',
    (wrong) => {
      const error = thrownBy(() => aisensyTransport({ ...valid, ...wrong } as AisensyTransportOptions))
      expect(String(error)).toContain('Expected')
      expect(String(error)).not.toContain('tooshort')
    },
  )

  test('refuses to be called without options', () => {
    const call = aisensyTransport as (options?: unknown) => unknown
    expect(isWaAgentError(thrownBy(() => call()))).toBe(true)
  })

  test('leaves the caller’s objects as they are', () => {
    const options = Object.freeze({ ...valid, api: Object.freeze({ ...project }) })
    aisensyTransport(options)
    expect(options.api).toEqual(project)
  })

  test('has options that tell the APIs apart by their type', () => {
    expectTypeOf<{ type: 'project'; projectId: string; token: string }>().not.toExtend<AisensyTransportOptions['api']>()
    expectTypeOf<{ type: 'direct'; token: string }>().toExtend<AisensyTransportOptions['api']>()
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}
