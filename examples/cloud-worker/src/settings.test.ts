import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'

const strong = '0123456789abcdef0123456789abcdef'
const meta = {
  TRANSPORTS: 'cloud-api',
  META_APP_SECRET: strong,
  META_VERIFY_TOKEN: strong,
  META_ACCESS_TOKEN: 'EAAx',
  META_PHONE_NUMBER_ID: '106540352242922',
}

test('has defaults for everything that is not a transport', () => {
  expect(readSettings(meta)).toMatchObject({ TRANSPORTS: ['cloud-api'], PORT: 8080, DATABASE: 'data/worker.db' })
})

test('names everything that is missing or wrong at once', () => {
  const wrong = {
    TRANSPORTS: 'cloud-api, maytapi,telegram',
    PORT: 'eighty',
    META_BASE_URL: 'nowhere',
    META_VERIFY_TOKEN: 'changeme',
  }
  let message = ''
  try {
    readSettings(wrong)
  } catch (error) {
    message = String(error)
  }
  for (const name of [
    'PORT:',
    'META_BASE_URL:',
    'TRANSPORTS: there is no "telegram"',
    'META_APP_SECRET: missing',
    'META_ACCESS_TOKEN: missing',
    'META_PHONE_NUMBER_ID: missing',
    'META_VERIFY_TOKEN: too easy',
    'MAYTAPI_PRODUCT_ID: missing',
    'MAYTAPI_WEBHOOK_SECRET: missing',
  ]) {
    expect(message).toContain(name)
  }
})

test('wants one way into AiSensy, not two and not none', () => {
  const aisensy = { TRANSPORTS: 'aisensy', AISENSY_PROJECT_ID: 'a'.repeat(24), AISENSY_WEBHOOK_SECRET: strong }
  expect(() => readSettings(aisensy)).toThrow('one of them is needed')
  const password = { ...aisensy, AISENSY_PROJECT_PASSWORD: 'x' }
  expect(readSettings(password).TRANSPORTS).toEqual(['aisensy'])
  expect(() => readSettings({ ...password, AISENSY_ACCESS_TOKEN: 'y' })).toThrow('only one of them')
})

test.each(['changeme', 'changeme123', 'password1', 'secret', 'xxxxxxxxxxxxxxxxxxxx', 'your-webhook-secret-here'])(
  'takes no default secret: %s',
  (value) => {
    expect(() => readSettings({ ...meta, META_APP_SECRET: value })).toThrow('META_APP_SECRET: too easy to guess')
  },
)

test('a person at Maytapi and Spoki silences the bot unless that is switched off', () => {
  const handoffs = (given: object) => {
    const { MAYTAPI_HANDOFF, SPOKI_HANDOFF } = readSettings({ ...meta, ...given })
    return [MAYTAPI_HANDOFF, SPOKI_HANDOFF]
  }
  expect(handoffs({})).toEqual([true, true])
  expect(handoffs({ MAYTAPI_HANDOFF: '', SPOKI_HANDOFF: 'false' })).toEqual([true, false])
  expect(() => handoffs({ MAYTAPI_HANDOFF: 'maybe' })).toThrow('MAYTAPI_HANDOFF: Expected true or false')
})

test('starts with no transport only where somebody says which', () => {
  expect(() => readSettings({})).toThrow('TRANSPORTS: Name at least one of cloud-api, maytapi, aisensy, spoki, desktop')
})
