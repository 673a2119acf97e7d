import { createBot, memoryStorage } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { createServer } from './create-server.ts'
import { checkSecret, looksDefault } from './secrets.ts'
import { staticKeys } from './static-keys.ts'
import { adminKey, echoPipeline } from './test-world.ts'

const bad = [
  undefined,
  null,
  '',
  '   ',
  42,
  'short-k3Jx',
  'changeme',
  'changeme-changeme-changeme',
  'change-me-please-now',
  'ChangeMe123456789',
  'secret',
  'password1234567890',
  'test-test-test-test',
  'your-api-key-goes-here',
  '<put your key here>',
  `$${'{ADMIN_KEY_OF_SHOP}'}`,
  'aaaaaaaaaaaaaaaaaaaaaaaa',
  '1234567890123456',
  'my_secret_here',
  'mysecretkey123',
  'supersecret',
  'letmein',
  'Webhook-Secret-1',
  'sk-xxxxxxxxxxxxxxxx',
  '----------------',
]

test.each(bad)('refuses %j as a secret, without showing it', (secret) => {
  let message = ''
  try {
    checkSecret('adminKey', secret)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toMatch(/^\[server\] Expected `adminKey` to be a secret of at least 16 characters, but /)
  if (typeof secret === 'string' && secret.trim().length > 6) expect(message).not.toContain(secret)
})

test('takes secrets that somebody made', () => {
  const good = [
    adminKey,
    'k3yF0rTheShop-9fQm',
    'Zm9vYmFyYmF6cXV4Zm9v',
    'correct horse battery staple',
    'EAAJx',
    'violet-otter-19',
  ]
  for (const secret of good) expect(looksDefault(secret)).toBe(false)
})

test('a server does not start without a key, unless it is told that it needs none', async () => {
  const bot = createBot({ transports: [], storage: memoryStorage(), pipeline: echoPipeline() })
  const create = (options: object) => createServer({ bot, transports: [], ...options })
  expect(() => create({})).toThrow(/`adminKey`.*missing/)
  expect(() => create({ adminKey: '' })).toThrow(/`adminKey`/)
  expect(() => create({ adminKey: 'changeme' })).toThrow(/placeholder/)
  expect(() => create({ keys: staticKeys([{ id: 'x', key: 'secret', scope: { type: 'admin' } }]) })).toThrow(
    /keys\[x\]/,
  )
  const open = create({ adminKey: false })
  expect((await open.fetch(new Request('http://server.example/api/keys'))).status).toBe(404)
  expect((await open.fetch(new Request('http://server.example/health'))).status).toBe(200)
})

test('names each option that cannot be', () => {
  const bot = createBot({ transports: [], storage: memoryStorage(), pipeline: echoPipeline() })
  const right = { bot, transports: [], adminKey }
  const wrong: Record<string, unknown>[] = [
    { bot: {} },
    { transports: {} },
    { tenants: {} },
    { factories: 'push' },
    { keys: {} },
    { trustedProxies: -1 },
    { maxWebhookBytes: 0 },
    { chatTimeoutMs: Number.NaN },
    { limits: { key: { requests: 0, perMs: 1 } } },
    { adminkey: 'x' },
    { limits: { keys: false } },
  ]
  for (const options of wrong) {
    const [name = ''] = Object.keys(options)
    expect(() => createServer({ ...right, ...options } as never)).toThrow(new RegExp(`\\[server\\].*${name}`))
  }
})
