import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'
import { createTransports } from './transports.ts'

const strong = '0123456789abcdef0123456789abcdef'
const all = {
  TRANSPORTS: 'spoki,aisensy,maytapi,cloud-api',
  META_APP_SECRET: strong,
  META_VERIFY_TOKEN: strong,
  META_ACCESS_TOKEN: 'EAAJ-9fQm',
  META_PHONE_NUMBER_ID: '106540352242922',
  MAYTAPI_PRODUCT_ID: '0f0e0d0c-1111-4222-8333-444455556666',
  MAYTAPI_PHONE_ID: '1150',
  MAYTAPI_API_KEY: 'kx9-Qm4',
  MAYTAPI_WEBHOOK_SECRET: strong,
  AISENSY_PROJECT_ID: 'a'.repeat(24),
  AISENSY_ACCESS_TOKEN: 'kx9-Qm4',
  AISENSY_WEBHOOK_SECRET: strong,
  SPOKI_API_KEY: 'kx9-Qm4',
  SPOKI_WEBHOOK_SECRET: strong,
}

test('each transport has a channel of its own, and all of them are of one tenant', () => {
  const transports = createTransports(readSettings(all))
  expect(transports.map(({ name, tenant, channel }) => [name, tenant, channel])).toEqual(
    ['cloud-api', 'maytapi', 'aisensy', 'spoki'].map((name) => [name, 'default', name]),
  )
})

test('the template for replies that come too late is that of the provider', () => {
  const settings = readSettings({ ...all, WINDOW_TEMPLATE: 'late', SPOKI_WINDOW_TEMPLATE: '77' })
  const names = createTransports(settings).map(({ window }) => window?.template?.name)
  expect(names).toEqual(['late', undefined, 'late', '77'])
})
