import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { migrate, migrations } from './schema.ts'

function versionOf(db: DatabaseSync): unknown {
  return db.prepare('PRAGMA user_version').get()?.['user_version']
}

describe('migrate', () => {
  test('makes an empty file ours and changes nothing the second time', () => {
    const db = new DatabaseSync(':memory:')
    migrate(db)
    migrate(db)
    expect(versionOf(db)).toBe(migrations.length)
    expect(db.prepare('SELECT count(*) AS n FROM inbox').get()).toMatchObject({ n: 0 })
  })

  test('brings a database of the version before to the newest and keeps what is in it', () => {
    const db = new DatabaseSync(':memory:')
    const older = ['CREATE TABLE notes (text TEXT)']
    migrate(db, older)
    db.exec(`INSERT INTO notes VALUES ('kept')`)
    migrate(db, [...older, 'ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 5'])
    expect(versionOf(db)).toBe(2)
    expect({ ...db.prepare('SELECT * FROM notes').get() }).toEqual({ text: 'kept', stars: 5 })
  })

  test('does a step wholly or not at all', () => {
    const db = new DatabaseSync(':memory:')
    const broken = ['CREATE TABLE one (n); CREATE TABLE broken (']
    expect(() => migrate(db, broken)).toThrow()
    db.exec('ROLLBACK')
    expect(versionOf(db)).toBe(0)
    expect(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()).toMatchObject({ n: 0 })
  })

  test('refuses a newer schema', () => {
    const db = new DatabaseSync(':memory:')
    migrate(db, [...migrations, 'CREATE TABLE future (n)'])
    expect(() => migrate(db)).toThrow(expect.objectContaining({ code: 'storage_newer', retryable: false }))
  })

  test('does not touch the database of another program', () => {
    const db = new DatabaseSync(':memory:')
    db.exec('CREATE TABLE theirs (n)')
    expect(() => migrate(db)).toThrow(expect.objectContaining({ code: 'storage_corrupt' }))
    db.exec('DROP TABLE theirs; PRAGMA user_version = 7')
    expect(() => migrate(db)).toThrow(expect.objectContaining({ code: 'storage_corrupt' }))
  })
})
