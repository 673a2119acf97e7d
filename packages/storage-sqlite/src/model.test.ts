import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Storage } from '@wa-agent/core'
import { test } from 'vitest'
import { behavesAsMemory, type ModelSubject, type TogetherStep } from '../../../tests/storage/model.ts'
import { Handle } from './handle.ts'
import { settingsOf } from './options.ts'
import { storageOn } from './sqlite-storage.ts'

interface Variant {
  readonly path: string
  readonly cachedConversations: number
  readonly mayFail: boolean
}

function subjectOf({ path, cachedConversations, mayFail }: Variant): ModelSubject {
  let handle: Handle | undefined
  let hasReadAgain = cachedConversations === 0 || mayFail
  return {
    make: (clock: Clock) => {
      handle = new Handle(settingsOf({ path, cachedConversations, synchronous: 'normal', clock }))
      return storageOn(handle)
    },
    isNumberedAlike: true,
    together: inOneCommit,
    reopening: () => {
      hasReadAgain = true
    },
    // What was read from the file again may tell of the customer's last message a little early; that is corrected here.
    aligned: (real, model) => (hasReadAgain ? alignedTo(real, model) : real),
    ...(mayFail && { fail: (isFailing: boolean) => handle && fillDisk(handle, isFailing) }),
  }
}

/** All of them are on the disk, or none. */
function inOneCommit(storage: Storage, step: TogetherStep): Promise<unknown>[] {
  const { place, batches, replies, settled, updates, record } = step
  return [
    storage.enqueue(place, replies),
    ...batches.map((batch) => storage.append(batch)),
    storage.settle({ conversation: place, id: settled.id }, settled.outcome),
    storage.track(place, updates),
    storage.records.set(place, record.name, record.value),
  ]
}

function fillDisk({ database: { connection } }: Handle, isFull: boolean): void {
  const pages = isFull ? Number(connection.prepare('PRAGMA page_count').get()?.['page_count']) : 1_000_000_000
  connection.exec(`PRAGMA max_page_count = ${pages}`)
}

function alignedTo(real: unknown, model: unknown): unknown {
  if (Array.isArray(real)) return real.map((item, index) => alignedTo(item, (model as unknown[] | undefined)?.[index]))
  if (typeof real !== 'object' || real === null || typeof model !== 'object' || model === null) return real
  const entries = Object.entries(real).map(([key, value]) => {
    const expected = (model as Record<string, unknown>)[key]
    if (key !== 'lastInboundAtMs') return [key, alignedTo(value, expected)]
    const earlyMs = Number(expected) - Number(value)
    return [key, earlyMs >= 0 && earlyMs <= 5 * 60_000 ? expected : value]
  })
  return Object.fromEntries(entries)
}

const variants = [
  { title: 'in a file', cachedConversations: 1_000, mayFail: false },
  { title: 'while it remembers hardly anything', cachedConversations: 0, mayFail: false },
  { title: 'on a disk that is full at times', cachedConversations: 1_000, mayFail: true },
]

for (const { title, cachedConversations, mayFail } of variants) {
  test(`does what memoryStorage does, ${title}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wa-agent-'))
    let files = 0
    const subject = () => {
      files += 1
      return subjectOf({ path: join(folder, `${files}.db`), cachedConversations, mayFail })
    }
    try {
      await behavesAsMemory(subject, { runs: 60, steps: 60 })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
