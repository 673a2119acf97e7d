import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'

const strong = '0123456789abcdef0123456789abcdef'
const meta = {
  TRANSPORTS: 'cloud-api',
  META_APP_SECRET: strong,
  META_VERIFY_TOKEN: strong,
  META_ACCESS_TOKEN: 'EAAJ-9fQm',
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
  const password = { ...aisensy, AISENSY_PROJECT_PASSWORD: 'kx9-Qm4' }
  expect(readSettings(password).TRANSPORTS).toEqual(['aisensy'])
  expect(() => readSettings({ ...password, AISENSY_ACCESS_TOKEN: 'Zr7T-pLw2' })).toThrow('only one of them')
})

test.each(['changeme', 'changeme123', 'password1', 'secret', 'xxxxxxxxxxxxxxxxxxxx', 'your-webhook-secret-here'])(
  'takes no default secret: %s',
  (value) => {
    expect(() => readSettings({ ...meta, META_APP_SECRET: value })).toThrow('META_APP_SECRET: too easy to guess')
  },
)

test.each([
  ['MAYTAPI_WEBHOOK_SECRET', 'letmein'],
  // Not long enough for the one thing that proves who calls.
  ['MAYTAPI_WEBHOOK_SECRET', 'k3Jx-9fQm'],
  ['MAYTAPI_API_KEY', 'changeme'],
  ['AISENSY_WEBHOOK_SECRET', 'placeholder'],
  ['AISENSY_ACCESS_TOKEN', 'todo'],
  ['AISENSY_PROJECT_PASSWORD', 'password'],
  ['META_VERIFY_TOKEN', 'supersecret'],
  ['META_APP_SECRET', 'my_secret_here'],
  ['META_ACCESS_TOKEN', 'changeme'],
  ['SPOKI_API_KEY', 'your-api-key'],
  ['SPOKI_WEBHOOK_SECRET', 'k3Jx'],
  ['OPENAI_API_KEY', 'sk-xxxxxxxx'],
])('takes no placeholder and nothing short: %s=%s', (name, value) => {
  const read = () => readSettings({ ...meta, [name]: value })
  expect(read).toThrow(new RegExp(`  ${name}: too .*easy to guess`))
  expect(read).not.toThrow(value)
})

test('a server of models of your own takes any key', () => {
  const own = { ...meta, OPENAI_API_KEY: 'none', OPENAI_BASE_URL: 'http://localhost:11434/v1' }
  expect(readSettings(own).OPENAI_API_KEY).toBe('none')
})

test.each(['https://u:p@example.com', 'https://example.com?x=1', 'https://example.com/#x', 'https://example.com?'])(
  'takes no address of more than a host and a path: %s',
  (value) => {
    expect(() => readSettings({ ...meta, META_BASE_URL: value })).toThrow(
      '  META_BASE_URL: Expected an address without',
    )
  },
)

test('what is blank is missing, and spaces around a value are none of it', () => {
  expect(() => readSettings({ ...meta, META_ACCESS_TOKEN: '   ' })).toThrow('  META_ACCESS_TOKEN: missing')
  expect(readSettings({ ...meta, HOST: ' ', META_APP_SECRET: ` ${strong}\n` })).toMatchObject({
    HOST: '0.0.0.0',
    META_APP_SECRET: strong,
  })
})

test('a person at Maytapi and Spoki silences the bot unless that is switched off', () => {
  const handoffs = (given: object) => {
    const { MAYTAPI_HANDOFF, SPOKI_HANDOFF } = readSettings({ ...meta, ...given })
    return [MAYTAPI_HANDOFF, SPOKI_HANDOFF]
  }
  expect(handoffs({})).toEqual([true, true])
  expect(handoffs({ MAYTAPI_HANDOFF: '', SPOKI_HANDOFF: 'false' })).toEqual([true, false])
  expect(() => handoffs({ MAYTAPI_HANDOFF: 'maybe' })).toThrow('MAYTAPI_HANDOFF: Expected true or false')
})

test.each([
  ['METRICS', { METRICS: 'yes' }, 'ADMIN_API_KEY: missing'],
  [
    'a push to nowhere',
    { PUBSUB_CREATE: '1', PUBSUB_PUSH_AUDIENCE: 'a', PUBSUB_PUSH_ACCOUNT: 'b' },
    'PUBSUB_PUSH_ENDPOINT: missing',
  ],
  ['a topic that cannot be', { PUBSUB_TOPIC: 'my topic!' }, 'PUBSUB_TOPIC: Expected 3 to 250 letters'],
  ['a subscription that cannot be', { PUBSUB_SUBSCRIPTION: 'a' }, 'PUBSUB_SUBSCRIPTION: Expected 3 to 250 letters'],
  ['the name of a project', { PUBSUB_PROJECT: 'My Project' }, 'PUBSUB_PROJECT: Expected small letters'],
  [
    'a worker with a file by accident',
    { ROLE: 'worker', QUEUE: 'bullmq', REDIS_URL: 'redis://r' },
    'DATABASE_URL: missing',
  ],
  ['no Redis', { REDIS_URL: 'redis://' }, 'REDIS_URL: Expected an address that begins with redis://'],
  [
    'a password with signs',
    { REDIS_URL: 'redis://:hunter#2@localhost' },
    'REDIS_URL: Expected redis://user:password@host:port',
  ],
])('says which setting is wrong: %s', (_, given, words) => {
  const read = () => readSettings({ ...meta, ...given })
  expect(read).toThrow(`  ${words}`)
  expect(read).not.toThrow('hunter')
})

test('starts with no transport only where somebody says which', () => {
  expect(() => readSettings({})).toThrow('TRANSPORTS: Name at least one of cloud-api, maytapi, aisensy, spoki, desktop')
})

test('a role that there is not is the only thing to be said about it', () => {
  expect(() => readSettings({ ...meta, ROLE: 'foo' })).toThrow(/:\n {2}ROLE: Expected one of all, ingest, worker$/)
})

test('one token stands for what proves webhooks, where a provider has none of its own', () => {
  const { META_VERIFY_TOKEN: own, ...without } = meta
  const given = { ...without, WEBHOOK_VERIFY_TOKEN: 'violet-otter-19-lake' }
  expect(readSettings(given)).toMatchObject({ META_VERIFY_TOKEN: 'violet-otter-19-lake' })
  expect(readSettings({ ...given, META_VERIFY_TOKEN: own })).toMatchObject({ META_VERIFY_TOKEN: own })
})
