import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { durableStorageConformance, storageConformance } from '@wa-agent/testing'
import { describe, test } from 'vitest'
import { sqliteStorage } from './sqlite-storage.ts'

/** A folder for one test. */
function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'wa-agent-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

describe('sqliteStorage in a file keeps every promise of the port', () => {
  for (const { name, run } of storageConformance) {
    test(name, async () => {
      using folder = temporaryFolder()
      let files = 0
      await run(async () => {
        files += 1
        return sqliteStorage({ path: join(folder.path, `${files}.db`) })
      })
    })
  }
})

describe('sqliteStorage in memory keeps every promise of the port', () => {
  for (const { name, run } of storageConformance) {
    test(name, () => run(async () => sqliteStorage({ path: ':memory:' })))
  }
})

describe('sqliteStorage that can remember hardly anything keeps every promise of the port', () => {
  for (const { name, run } of storageConformance) {
    test(name, () => run(async () => sqliteStorage({ path: ':memory:', cachedConversations: 0 })))
  }
})

describe('sqliteStorage keeps what it was given when it is opened again', () => {
  for (const { name, run } of durableStorageConformance) {
    test(name, async () => {
      using folder = temporaryFolder()
      await run(async () => async () => sqliteStorage({ path: join(folder.path, 'bot.db') }))
    })
  }
})
