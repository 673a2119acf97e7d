import { DatabaseSync } from 'node:sqlite'
import { WaAgentError } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { GroupCommit } from './group-commit.ts'

/** A table of numbers behind a group commit that counts, on a disk that syncs when it is told to. */
function numbers({ sync }: { readonly sync?: () => Promise<void> } = {}) {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)')
  const insert = db.prepare('INSERT INTO numbers VALUES (?)')
  const seen = { commits: 0, undone: 0, groups: [] as number[] }
  const failing: { commit: Error | undefined } = { commit: undefined }
  const groups = new GroupCommit({
    begin: () => db.exec('BEGIN'),
    commit: () => {
      if (failing.commit) throw failing.commit
      db.exec('COMMIT')
      seen.commits += 1
    },
    rollback: () => db.exec('ROLLBACK'),
    undone: () => {
      seen.undone += 1
    },
    committed: ({ operations }) => seen.groups.push(operations),
    ...(sync ? { sync } : {}),
  })
  return {
    seen,
    failing,
    groups,
    add: (n: number) => groups.submit(() => insert.run(n).changes),
    stored: () =>
      db
        .prepare('SELECT n FROM numbers ORDER BY n')
        .all()
        .map((row) => row['n']),
    [Symbol.dispose]: () => db.close(),
  }
}

const refusal = new WaAgentError('lease_lost', 'no')
const diskFull = Object.assign(new Error('full'), { errcode: 13 })

describe('GroupCommit', () => {
  test('commits all that was asked for in one turn of the event loop at once', async () => {
    using table = numbers()
    await Promise.all(Array.from({ length: 100 }, (_, n) => table.add(n)))
    expect(table.seen).toEqual({ commits: 1, undone: 0, groups: [100] })
    expect(table.stored()).toHaveLength(100)
  })

  test('cuts what would block the event loop for too long into several groups', async () => {
    using table = numbers()
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => table.add(n)))
    expect(table.seen.groups).toEqual([512, 512, 176])
    expect(table.stored()).toHaveLength(1_200)
  })

  test('keeps a promise only after the commit', async () => {
    using table = numbers()
    const commits = await Promise.all([1, 2].map((n) => table.add(n).then(() => table.seen.commits)))
    expect(commits).toEqual([1, 1])
  })

  test('rejects a refusing operation alone, without undoing anything', async () => {
    using table = numbers()
    const results = await Promise.allSettled([
      table.add(1),
      table.groups.submit(() => {
        throw refusal
      }),
      table.add(2),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: refusal })
    expect(table.seen).toEqual({ commits: 1, undone: 0, groups: [3] })
  })

  test('lets only the culprit fail where an operation breaks', async () => {
    using table = numbers()
    const results = await Promise.allSettled([1, 2, 1, 3].map((n) => table.add(n)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(results[2]).toMatchObject({ reason: { code: 'storage_unavailable', retryable: false } })
    expect(table.stored()).toEqual([1, 2, 3])
    expect(table.seen.undone).toBe(2)
  })

  test('rejects all with a retryable error where the commit fails, and goes on when the disk is well again', async () => {
    using table = numbers()
    table.failing.commit = diskFull
    const results = await Promise.allSettled([1, 2, 3].map((n) => table.add(n)))
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage_full', retryable: true } })
    }
    expect(table.stored()).toEqual([])
    expect(table.seen.undone).toBe(1)
    table.failing.commit = undefined
    await table.add(1)
    expect(table.stored()).toEqual([1])
  })

  test('is drained once everything is committed', async () => {
    using table = numbers()
    await table.groups.drained()
    void table.add(1)
    void table.add(2)
    await table.groups.drained()
    expect(table.stored()).toEqual([1, 2])
  })

  test('keeps a promise only after the sync, and makes one group of what is asked for meanwhile', async () => {
    const disk = slowDisk()
    using table = numbers(disk)
    const kept: number[] = []
    const asked = [1, 2].map((n) => table.add(n).then(() => kept.push(n)))
    await disk.begun()
    const later = [3, 4, 5].map((n) => table.add(n).then(() => kept.push(n)))
    await nextTurn()
    expect({ kept, stored: table.stored() }).toEqual({ kept: [], stored: [1, 2] })
    disk.end()
    await Promise.all(asked)
    expect(kept).toEqual([1, 2])
    await disk.begun()
    disk.end()
    await Promise.all(later)
    expect(table.seen).toEqual({ commits: 2, undone: 0, groups: [2, 3] })
  })

  test('is drained only after the sync', async () => {
    const disk = slowDisk()
    using table = numbers(disk)
    let isDrained = false
    void table.add(1)
    const drained = table.groups.drained().then(() => {
      isDrained = true
    })
    await disk.begun()
    await nextTurn()
    expect(isDrained).toBe(false)
    disk.end()
    await drained
  })

  test('takes in nothing more once the disk failed to sync: it would not fail twice for the same loss', async () => {
    const disk = slowDisk()
    using table = numbers(disk)
    const asked = Promise.allSettled([table.add(1)])
    await disk.begun()
    const waiting = Promise.allSettled([table.add(2)])
    disk.end(Object.assign(new Error('EIO'), { code: 'EIO' }))
    const results = [...(await asked), ...(await waiting), ...(await Promise.allSettled([table.add(3)]))]
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage_unavailable', retryable: true } })
    }
    await table.groups.drained()
    expect(table.stored()).toEqual([1])
  })
})

/** Syncs that end when the test says so. */
function slowDisk() {
  const begun = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  const ended = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  let syncs = 0
  let seen = 0
  let ends = 0
  return {
    sync: () => {
      begun[syncs]?.resolve()
      return ended[syncs++]?.promise ?? Promise.resolve()
    },
    /** Resolves once the next sync began. */
    begun: () => begun[seen++]?.promise,
    end: (error?: Error) => (error ? ended[ends++]?.reject(error) : ended[ends++]?.resolve()),
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
