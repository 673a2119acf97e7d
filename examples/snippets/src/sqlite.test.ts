import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('the storage of the page opens, is copied and is pruned', async () => {
  const before = process.cwd()
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-sqlite-'))
  process.chdir(folder)
  try {
    const { storage, backUp, forgetOld } = await import('./sqlite.ts')
    await storage.open()
    await backUp('copy.db')
    expect(await forgetOld(Date.UTC(2026, 0, 1))).toEqual({ removed: 0 })
    await storage.close()
    expect(await readdir('.')).toEqual(expect.arrayContaining(['copy.db', 'data']))
  } finally {
    process.chdir(before)
    await rm(folder, { recursive: true })
  }
})
