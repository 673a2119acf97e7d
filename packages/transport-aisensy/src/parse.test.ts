import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isPing, parseWebhook, projectsOf } from './parse.ts'

const read = (name: string) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))
const options = { nowMs: 1763374700000 }

describe('a message', () => {
  test('has the same id under both topics, so that it is answered once', () => {
    const [one] = parseWebhook(read('text'), options).messages
    const [other] = parseWebhook(read('text-message-created'), options).messages
    expect(one?.id).toBe(other?.id)
  })

  test('has the same chat with and without the code of its country', () => {
    const [one] = parseWebhook(read('text'), options).messages
    const [other] = parseWebhook(read('text-as-documented'), options).messages
    expect(other?.chat).toBe('919999900001')
    expect(one?.chat).toBe(other?.chat)
  })

  test.each([
    ['a number in milliseconds', 1763374643000],
    ['the same as text', '1763374643000'],
    ['a number in seconds', 1763374643],
    ['a date', '2025-11-17T10:17:23.000Z'],
  ])('is dated by %s', (_, sentAt) => {
    const body = read('text')
    body.data.message.sent_at = sentAt
    expect(parseWebhook(body, options).messages[0]?.sentAtMs).toBe(1763374643000)
  })

  test('is dated by its envelope, else by now', () => {
    const body = read('text')
    body.data.message.sent_at = null
    expect(parseWebhook(body, options).messages[0]?.sentAtMs).toBe(Date.parse(body.created_at))
    body.created_at = 'yesterday'
    expect(parseWebhook(body, options).messages[0]?.sentAtMs).toBe(options.nowMs)
  })

  test('is understood although a sibling field has a type that nobody expects', () => {
    const body = read('text')
    Object.assign(body.data.message, { campaign: 7, userName: { first: 'Asha' }, context: 'none', is_HSM: 'no' })
    expect(parseWebhook(body, options).messages).toMatchObject([{ type: 'text', text: 'नमस्ते, 2 boxes please 👋' }])
  })
})

describe('what left the number', () => {
  test('by hand in the inbox is the owner speaking', () => {
    expect(parseWebhook(read('agent-text'), options).messages).toMatchObject([{ fromMe: true, chat: '919999900001' }])
  })

  test('by a campaign of the dashboard is nobody speaking', () => {
    expect(parseWebhook(read('agent-campaign'), options).messages).toEqual([])
  })

  test('as a text by the API is an echo with its id, and its status', () => {
    const { messages, updates } = parseWebhook(read('api-text'), options)
    expect(messages).toMatchObject([{ fromMe: true, id: 'wamid.api1', type: 'text' }])
    expect(updates).toMatchObject([{ providerId: 'wamid.api1', status: 'sent' }])
  })

  test.each(['api-interactive', 'api-template-by-campaign', 'api-text-failed'])(
    'as %s is no echo, because nothing in it tells which reply it is',
    (name) => {
      const { messages, updates } = parseWebhook(read(name), options)
      expect(messages).toEqual([])
      expect(updates.length).toBeGreaterThan(0)
    },
  )

  test('is said to be by a program where the API sent it, and not where a person wrote it', () => {
    const flags = ['api-text', 'agent-text'].map((name) => parseWebhook(read(name), options).messages[0]?.automated)
    expect(flags).toEqual([true, undefined])
  })
})

describe('a status', () => {
  test('of a campaign is told under both ids, since the send was only given the second', () => {
    const { updates } = parseWebhook(read('status-of-campaign'), options)
    expect(updates.map(({ providerId }) => providerId)).toEqual(['wamid.api1', '0f8fad5b-d9cb-469f-a165-70867728950e'])
  })

  test('has a reason without the number of the customer', () => {
    const body = read('status-failed')
    for (const code of [131026, 555555, 'E1']) {
      body.data.message.failureResponse = {
        code,
        reason: 'Not delivered to +91 99999 00001 (key eyJhbGciOiJIUzI1NiIsInR5cCI6)',
      }
      const [update] = parseWebhook(body, options).updates
      expect(update?.reason).toMatch(new RegExp(`^${code}`))
      expect(update?.reason).not.toMatch(/99999|eyJ/)
    }
  })
})

describe('a delivery', () => {
  test('in Meta’s format for another number is left out', () => {
    const parsed = parseWebhook(read('meta-text'), { ...options, phoneNumberId: '7' })
    expect(parsed.messages).toEqual([])
    expect(parseWebhook(read('meta-text'), { ...options, phoneNumberId: '106540352242922' }).messages).toHaveLength(1)
  })

  test('names its project in two places', () => {
    expect(projectsOf(read('text'))).toEqual(['655b1f0c9d3e4a0012ab34cd', '655b1f0c9d3e4a0012ab34cd'])
    expect(projectsOf(read('meta-text'))).toEqual([])
  })

  test('is a test only where it is nothing else', () => {
    expect(isPing(read('test-webhook'))).toBe(true)
    expect(isPing({ ...read('text'), event: 'test.webhook' })).toBe(false)
    expect(isPing({ ...read('meta-text'), event: 'test.webhook' })).toBe(false)
    expect(isPing(read('project-waba-updated'))).toBe(false)
  })
})
