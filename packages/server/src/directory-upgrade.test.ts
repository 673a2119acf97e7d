import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sqliteDirectory } from './sqlite-directory.ts'

/** As the first version wrote it. */
const first = `
  CREATE TABLE tenants (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, time_zone TEXT NOT NULL, settings TEXT NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE channels (
    tenant TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    channel TEXT NOT NULL, transport TEXT NOT NULL, credentials TEXT NOT NULL,
    PRIMARY KEY (tenant, channel)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL, tenant TEXT, created_at INTEGER NOT NULL,
    expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX api_keys_by_tenant ON api_keys (tenant);
  INSERT INTO tenants VALUES ('shop', 'Shop', 'Asia/Kolkata', '{}');
  PRAGMA user_version = 1;
`

test('a directory of the first version is opened with all that is in it, and gets the columns of desktops', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'directory-'))
  const path = join(folder, 'tenants.db')
  const old = new DatabaseSync(path)
  old.exec(first)
  old.close()
  for (let times = 0; times < 2; times += 1) {
    const { tenants, close } = sqliteDirectory({ path })
    expect(await tenants.tenants()).toEqual([{ id: 'shop', name: 'Shop', timeZone: 'Asia/Kolkata', settings: {} }])
    await tenants.noteDesktopAgent?.('shop', { status: 'online', phone: '+91', device: null, lastSeenMs: 5 })
    await tenants.editor?.putTenant({ id: 'shop', name: 'Shop', timeZone: 'Asia/Kolkata', settings: {} })
    close()
  }
  const now = new DatabaseSync(path, { readOnly: true })
  expect({ ...now.prepare('SELECT * FROM tenants').get() }).toMatchObject({
    ...{ desktop_agent_status: 'online', desktop_agent_phone: '+91', desktop_agent_device: null },
    desktop_agent_last_seen: 5,
  })
  now.close()
  rmSync(folder, { recursive: true })
})
