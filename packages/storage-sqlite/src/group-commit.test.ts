import { DatabaseSync } from 'node:sqlite'
import { WaAgentError } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { GroupCommit } from './group-commit.ts'

/** A table of numbers behind a group commit that counts. */
function numbers() {
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
})
