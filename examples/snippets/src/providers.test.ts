import { expect, test } from 'vitest'
import { aisensyNumber } from './aisensy.ts'
import { spokiNumber } from './spoki.ts'

const dayMs = 86_400_000

test('the AiSensy number of its page is made, with the 24-hour window and its template', () => {
  const secrets = { projectId: '655b1f0c9d3e4a0012ab34cd', password: 'p', webhookSecret: 's', campaignKey: 'k' }
  expect(aisensyNumber(secrets)).toMatchObject({
    name: 'aisensy',
    channel: 'main',
    window: { durationMs: dayMs, template: { name: 'we_have_an_answer', language: 'en' } },
    limits: { messagesPerSecond: 80 },
  })
})

test('the Spoki number of its page is made, with the 24-hour window and its template', () => {
  expect(spokiNumber({ apiKey: 'k', webhookSecret: 's' })).toMatchObject({
    name: 'spoki',
    channel: 'main',
    window: { durationMs: dayMs, template: { name: 'write_to_us', language: 'en' } },
    limits: { messagesPerSecond: 2 },
  })
})
