import { isWaAgentError } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials } from './fake-meta.ts'
import { type CloudApiTransportOptions, settingsOf } from './options.ts'

test.each<[string, unknown]>([
  ['phoneNumberId', undefined],
  ['phoneNumberId', '+1 555'],
  ['accessToken', ''],
  ['accessToken', 7],
  ['appSecret', ' '],
  ['appSecret', undefined],
  ['verifyToken', ''],
  ['tenant', ''],
  ['channel', 'a/b'],
  ['graphVersion', '25'],
  ['baseUrl', 'graph.facebook.com'],
  ['baseUrl', 'https://user:s3cret@example.com'],
  ['maxMediaBytes', 0],
  ['allowedMediaHosts', ['*']],
  ['allowedMediaHosts', 'example.com'],
  ['maxWebhookBytes', 1.5],
  ['signatureHeader', 'a b'],
  ['timeoutMs', Number.NaN],
  ['windowTemplate', { language: 'en' }],
  ['windowTemplate', 'come_back'],
])('%s must not be %j', (name, value) => {
  const make = () => cloudApiTransport({ ...credentials, [name]: value } as CloudApiTransportOptions)
  expect(make).toThrow(
    expect.toSatisfy(
      (error) =>
        isWaAgentError(error) &&
        error.code === 'invalid_options' &&
        error.message.startsWith(`[transport-cloud-api] Expected \`${name}\` to be`) &&
        !error.message.includes('s3cret'),
    ),
  )
})

test.each<[string, string, object]>([
  ['acessToken', 'accessToken', { acessToken: 'EAA' }],
  ['windowTemplate.params', 'windowTemplate.parameters', { windowTemplate: { name: 'x', language: 'en', params: [] } }],
  ['windowTemplate.lang', 'windowTemplate.language', { windowTemplate: { name: 'x', lang: 'en' } }],
  ['limits.messagePerSecond', 'limits.messagesPerSecond', { limits: { messagePerSecond: 20 } }],
])('%s does not exist, and the nearest one is %s', (name, nearest, wrong) => {
  const message = `[transport-cloud-api] Expected options that exist, got \`${name}\`. The nearest one is \`${nearest}\`.`
  expect(() => cloudApiTransport({ ...credentials, ...wrong })).toThrow(
    expect.objectContaining({ code: 'invalid_options', message }),
  )
})

test('no options at all are refused as clearly', () => {
  expect(() => cloudApiTransport(undefined as unknown as CloudApiTransportOptions)).toThrow(
    '[transport-cloud-api] Expected options',
  )
})

test('the defaults are those of Meta', () => {
  const transport = cloudApiTransport(credentials)
  expect(transport).toMatchObject({
    name: 'cloud-api',
    tenant: 'default',
    channel: 'main',
    limits: { messagesPerSecond: 80, perChat: { everyMs: 6000, burst: 45 } },
  })
  expect(transport.window).toEqual({ durationMs: 86_400_000 })
  expect(settingsOf(credentials).apiUrl).toBe('https://graph.facebook.com/v25.0')
})

test('a template for the closed window needs no parameters', () => {
  const windowTemplate = { name: 'come_back', language: 'en' }
  const { window } = cloudApiTransport({ ...credentials, windowTemplate })
  expect(window).toMatchObject({ durationMs: 86_400_000, template: windowTemplate })
})
