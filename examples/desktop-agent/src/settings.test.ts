import { expect, test } from 'vitest'
import { missingNames, problemWith, readSettings } from './settings.ts'

const needed = { CLOUD_SERVER_URL: 'https://shop.example.com', TENANT_ID: 'my-shop', API_KEY: 'k'.repeat(16) }

test('has defaults for everything that the cloud server does not decide', () => {
  expect(readSettings(needed)).toEqual({
    ...needed,
    LOCAL_PORT: 3001,
    DATABASE: 'data/desktop-agent.db',
    SESSION_DIR: 'data/whatsapp-session',
    NOTIFICATIONS: 'on',
    LOG_LEVEL: 'info',
  })
})

test('an empty setting is none', () => {
  const environment = { ...needed, LOCAL_PORT: '', PUPPETEER_EXECUTABLE_PATH: '', API_KEY: ' ' }
  expect(missingNames(environment)).toEqual(['API_KEY'])
  expect(() => readSettings(environment)).toThrow('API_KEY: missing')
})

test('names everything that is missing or wrong at once, and shows no value', () => {
  let message = ''
  try {
    readSettings({
      CLOUD_SERVER_URL: 'shop.example.com',
      API_KEY: 'secret key',
      LOCAL_PORT: 'three',
      NOTIFICATIONS: 'yes',
      LOG_LEVEL: 'loud',
    })
  } catch (error) {
    message = String(error)
  }
  for (const name of ['CLOUD_SERVER_URL', 'TENANT_ID', 'API_KEY', 'LOCAL_PORT', 'NOTIFICATIONS', 'LOG_LEVEL']) {
    expect(message).toContain(`  ${name}: `)
  }
  expect(message).toContain('TENANT_ID: missing')
  expect(message).not.toContain('secret key')
})

test.each([
  ['CLOUD_SERVER_URL', 'http://localhost:3000', undefined],
  ['CLOUD_SERVER_URL', 'ftp://shop.example.com', /begins with https/],
  ['CLOUD_SERVER_URL', 'https://name:word@shop.example.com', /begins with https/],
  ['CLOUD_SERVER_URL', 'https://shop.example.com?key=1', /begins with https/],
  ['CLOUD_SERVER_URL', 'https://shop.example.com/#login', /begins with https/],
  ['TENANT_ID', 'my shop', /letters, digits/],
  ['API_KEY', 'short', /at least 8/],
  ['API_KEY', 'with a space in it', /without spaces/],
] as const)('looks at %s=%s', (name, value, problem) => {
  if (problem === undefined) expect(problemWith(name, value)).toBeUndefined()
  else expect(problemWith(name, value)).toMatch(problem)
})
