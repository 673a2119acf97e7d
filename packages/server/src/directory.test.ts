import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { loadTransports } from './load-transports.ts'
import { sqliteDirectory } from './sqlite-directory.ts'
import { combinedKeys, staticKeys } from './static-keys.ts'
import { staticTenants } from './static-tenants.ts'
import { adminKey, pushTransport } from './test-world.ts'

function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'wa-agent-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const scope = { type: 'tenant', tenant: 'shop' } as const

test('a key is shown once, kept as a hash, and works from another process too', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'deep', 'tenants.db')
  const first = sqliteDirectory({ path })
  const made = await first.keys.editor?.create({ name: 'desk', scope })
  const second = sqliteDirectory({ path })
  expect(made?.secret).toMatch(/^wak_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/)
  expect(await second.keys.verify(made?.secret ?? '')).toEqual({ keyId: made?.key.id, scope })
  first.close()
  second.close()
  const [, , secretPart = ''] = /^wak_([^_]+)_(.*)$/.exec(made?.secret ?? '') ?? []
  const db = new DatabaseSync(path)
  const rows = JSON.stringify(db.prepare('SELECT *, hex(hash) AS hex FROM api_keys').all())
  db.close()
  expect(rows).toContain('desk')
  expect(rows).not.toContain(secretPart)
  expect(statSync(path).mode & 0o077).toBe(0)
})

test('a key ends when it expires, when it is revoked, and when its tenant is deleted', async () => {
  const clock = virtualClock()
  const { keys, tenants } = sqliteDirectory({ path: ':memory:', clock })
  await tenants.editor?.putTenant({ id: 'shop', name: 'Shop', timeZone: 'UTC', settings: {} })
  const create = async (extra = {}) => (await keys.editor?.create({ name: 'k', scope, ...extra })) as never
  const expiring: { secret: string } = await create({ expiresAtMs: clock.now() + 1000 })
  const revoked: { secret: string; key: { id: string } } = await create()
  const orphaned: { secret: string } = await create()
  const works = async ({ secret }: { secret: string }) => (await keys.verify(secret)) !== undefined
  expect([await works(expiring), await works(revoked), await works(orphaned)]).toEqual([true, true, true])
  await clock.advance(1000)
  expect(await keys.editor?.revoke(revoked.key.id, { tenant: 'other' })).toBe(false)
  expect(await keys.editor?.revoke(revoked.key.id, { tenant: 'shop' })).toBe(true)
  expect([await works(expiring), await works(revoked), await works(orphaned)]).toEqual([false, false, true])
  expect(await tenants.editor?.deleteTenant('shop')).toBe(true)
  expect(await works(orphaned)).toBe(false)
})

test('refuses keys that are nearly right', async () => {
  const { keys } = sqliteDirectory({ path: ':memory:' })
  const secret = (await keys.editor?.create({ name: 'k', scope }))?.secret ?? ''
  const last = secret.at(-2) === 'A' ? 'B' : 'A'
  const wrong = [
    '',
    secret.slice(0, -1),
    `${secret}A`,
    `${secret.slice(0, -2)}${last}${secret.at(-1)}`,
    secret.toUpperCase(),
    `wak_0000000000000000_${secret.slice(-43)}`,
    "' OR 1=1 --",
  ]
  for (const presented of wrong) expect(await keys.verify(presented)).toBeUndefined()
})

test('notes coarsely when a key was used', async () => {
  const clock = virtualClock()
  const { keys } = sqliteDirectory({ path: ':memory:', clock })
  const secret = (await keys.editor?.create({ name: 'k', scope }))?.secret ?? ''
  const noted = async () => (await keys.editor?.list())?.[0]?.lastUsedAtMs
  expect(await noted()).toBeUndefined()
  await keys.verify(secret)
  const first = await noted()
  expect(first).toBe(clock.now())
  await clock.advance(599_999)
  await keys.verify(secret)
  expect(await noted()).toBe(first)
  await clock.advance(1)
  await keys.verify(secret)
  expect(await noted()).toBe(clock.now())
})

test('tenants and channels survive closing, and a deleted tenant takes its channels with it', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'tenants.db')
  const tenant = { id: 'shop', name: 'Shop', timeZone: 'Asia/Kolkata', settings: { locale: 'en-IN' } }
  const channel = { tenant: 'shop', channel: 'main', transport: 'push', credentials: { token: 't', nested: [1] } }
  const first = sqliteDirectory({ path })
  await first.tenants.editor?.putTenant(tenant)
  await first.tenants.editor?.putChannel(channel)
  first.close()
  const second = sqliteDirectory({ path })
  expect(await second.tenants.tenants()).toEqual([tenant])
  expect(await second.tenants.channels('shop')).toEqual([channel])
  expect(await second.tenants.channels('other')).toEqual([])
  await expect(second.tenants.editor?.putChannel({ ...channel, tenant: 'none' })).rejects.toMatchObject({
    code: 'not_found',
  })
  await second.tenants.editor?.deleteTenant('shop')
  expect(await second.tenants.channels()).toEqual([])
  second.close()
})

test('refuses a file of a newer version', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'tenants.db')
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  expect(() => sqliteDirectory({ path })).toThrow(expect.objectContaining({ code: 'storage_newer' }))
})

test('static keys and those of a directory work side by side', async () => {
  const directory = sqliteDirectory({ path: ':memory:' })
  const admin = staticKeys([{ id: 'ops', key: adminKey, scope: { type: 'admin' } }])
  const keys = combinedKeys([admin, directory.keys])
  const made = await keys.editor?.create({ name: 'k', scope })
  expect(await keys.verify(adminKey)).toEqual({ keyId: 'ops', scope: { type: 'admin' } })
  expect((await keys.verify(made?.secret ?? ''))?.scope).toEqual(scope)
  expect(await keys.verify('nobody')).toBeUndefined()
})

test('tenants from configuration are checked', () => {
  const create = (tenants: unknown, channels: unknown = []) => staticTenants({ tenants, channels } as never)
  expect(() => create([{ id: 'a b', name: 'x' }])).toThrow(/tenants\[0\]\.id/)
  expect(() => create([{ id: 'a', name: 'x', timeZone: 'Nowhere' }])).toThrow(/timeZone/)
  expect(() => create([{ id: 'a', name: 'x', timezone: 'Asia/Kolkata' }])).toThrow(
    /`tenants\[0\]`: there is no "timezone"; there are id, name, timeZone, settings/,
  )
  expect(() =>
    create([
      { id: 'a', name: 'x' },
      { id: 'a', name: 'y' },
    ]),
  ).toThrow(/twice/)
  expect(() => create([], [{ tenant: 'a', channel: 'main', transport: 'push' }])).toThrow(/channels\[0\]\.tenant/)
})

const shop = { id: 'shop', name: 'Shop' }

test('makes a transport for each channel, with its tenant', async () => {
  const channels = [
    { tenant: 'shop', channel: 'main', transport: 'push' },
    { tenant: 'shop', channel: 'second', transport: 'push' },
  ]
  const seen: string[] = []
  const transports = await loadTransports(staticTenants({ tenants: [shop], channels }), {
    factories: {
      push({ tenant, channel }, { name, timeZone }) {
        seen.push(`${name} ${timeZone}`)
        return pushTransport(tenant, channel)
      },
    },
  })
  expect(transports.map(({ tenant, channel }) => `${tenant}/${channel}`)).toEqual(['shop/main', 'shop/second'])
  expect(seen).toEqual(['Shop UTC', 'Shop UTC'])
})

test('names all channels that cannot be used at once, without their credentials', async () => {
  const credentials = { apiSecret: 'changeme' }
  const channels = [
    { tenant: 'shop', channel: 'one', transport: 'none' },
    { tenant: 'shop', channel: 'two', transport: 'push', credentials },
    { tenant: 'shop', channel: 'three', transport: 'broken', credentials: { token: 'k3Jx-9fQm' } },
    { tenant: 'shop', channel: 'four', transport: 'astray' },
  ]
  const factories = {
    push: () => pushTransport(),
    astray: () => pushTransport('other', 'four'),
    broken: () => {
      throw new Error('wrong token k3Jx-9fQm')
    },
  }
  const loading = loadTransports(staticTenants({ tenants: [shop], channels }), { factories })
  const { message } = (await loading.catch((error: Error) => error as Error & { message: string })) as Error
  for (const channel of ['one', 'two', 'three', 'four']) expect(message).toContain(`shop/${channel}: `)
  expect(message).not.toMatch(/changeme|k3Jx/)
})

test('leaves out what cannot be used where somebody is told of it', async () => {
  const channels = [
    { tenant: 'shop', channel: 'one', transport: 'none' },
    { tenant: 'shop', channel: 'two', transport: 'push' },
    { tenant: 'shop', channel: 'three', transport: 'broken' },
  ]
  const told: string[] = []
  const transports = await loadTransports(staticTenants({ tenants: [shop], channels }), {
    factories: {
      push: ({ tenant, channel }) => pushTransport(tenant, channel),
      broken: () => {
        throw new Error('wrong token k3Jx-9fQm')
      },
    },
    onError: ({ tenant, channel }, { code, message }) => told.push(`${tenant}/${channel} ${code} ${message}`),
  })
  expect(transports.map(({ channel }) => channel)).toEqual(['two'])
  expect(told).toEqual([
    expect.stringMatching(/^shop\/one invalid_options .*there is no factory "none"/),
    expect.stringMatching(/^shop\/three invalid_options .*its factory failed \(Error\)/),
  ])
})
