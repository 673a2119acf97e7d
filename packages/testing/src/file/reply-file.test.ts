import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Delivery } from '@wa-agent/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReplyFile } from './reply-file.ts'
import { replyLine } from './reply-line.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wa-agent-replies-'))
  path = join(folder, 'out.jsonl')
})

afterEach(() => rm(folder, { recursive: true }))

/** A disk on which so many bytes are free, and on which other things may fail. */
interface Disk {
  freeBytes: number
  syncs?: boolean
  truncates?: boolean
}

/** Opens files as `open` does, on such a disk: what does not fit is written in part, as systems do. */
const openOn =
  (disk: Disk): typeof open =>
  async (...parameters) => {
    const file = await open(...parameters)
    const [write, datasync, truncate] = [file.write.bind(file), file.datasync.bind(file), file.truncate.bind(file)]
    return Object.assign(file, {
      async write(bytes: Buffer, { offset = 0, position }: { offset?: number; position: number }) {
        if (disk.freeBytes === 0) throw failed('ENOSPC')
        const length = Math.min(bytes.byteLength - offset, disk.freeBytes)
        const { bytesWritten } = await write(bytes, { offset, length, position })
        disk.freeBytes -= bytesWritten
        return { bytesWritten, buffer: bytes }
      },
      async datasync() {
        if (disk.syncs === false) throw failed('EIO')
        await datasync()
      },
      async truncate(size: number) {
        if (disk.truncates === false) throw failed('EIO')
        await truncate(size)
      },
    })
  }

const failed = (code: string) => Object.assign(new Error('the disk fails'), { code })
const replyOf = (id: string, text = 'Hi'): Delivery => {
  return { id, chat: 'ana', message: { type: 'text', text }, inReplyTo: ['1'], attempt: 1 }
}
const never = new AbortController().signal
const contents = () => readFile(path, 'utf8')
const plenty = 1_000_000

describe('a disk that is full', () => {
  test('takes no part of a reply, says so, and takes all of them once there is room', async () => {
    const replies = ['a', 'b', 'c'].map((id) => replyOf(id))
    const lines = replies.map(replyLine)
    // The first reply fits whole, the second in part.
    const disk: Disk = { freeBytes: (lines[0]?.length ?? 0) + 10 }
    const file = await ReplyFile.open(path, openOn(disk))
    const full = { status: 'failed', retryable: true, reason: 'the file cannot be written: ENOSPC' }
    expect(await Promise.all(replies.map((reply) => file.append(reply, never)))).toEqual([full, full, full])
    expect(await contents()).toBe('')
    expect([await file.has('a'), file.count]).toEqual([false, 0])
    disk.freeBytes = plenty
    const sent = replies.map(({ id }) => ({ status: 'sent', providerId: id }))
    expect(await Promise.all(replies.map((reply) => file.append(reply, never)))).toEqual(sent)
    expect(await contents()).toBe(lines.join(''))
    expect([await file.has('a'), file.count]).toEqual([true, 3])
    await file.close()
  })

  test('that keeps what it took in part gets it cut off before anything else is written', async () => {
    const disk: Disk = { freeBytes: plenty, syncs: false, truncates: false }
    const file = await ReplyFile.open(path, openOn(disk))
    const [long, short] = [replyOf('long', 'x'.repeat(100)), replyOf('short')]
    const unsure = { status: 'uncertain', reason: 'the file cannot be written: EIO' }
    expect(await file.append(long, never)).toEqual(unsure)
    expect(await contents()).toBe(replyLine(long))
    disk.syncs = true
    expect(await file.append(short, never)).toEqual(unsure)
    expect(await contents()).toBe(replyLine(long))
    disk.truncates = true
    expect(await file.append(short, never)).toEqual({ status: 'sent', providerId: 'short' })
    expect(await contents()).toBe(replyLine(short))
    await file.close()
  })

  test.skipIf(!existsSync('/dev/full'))('of the system is no other', async () => {
    const file = await ReplyFile.open('/dev/full')
    expect(await file.append(replyOf('a'), never)).toEqual({
      // A device cannot be cut off.
      status: 'uncertain',
      reason: 'the file cannot be written: ENOSPC',
    })
    expect(await file.has('a')).toBe(false)
    await file.close()
  })
})

test('whatever fails, and wherever its writer is killed, every reply ends up in it once and whole', async () => {
  const trouble = fc.record({ freeBytes: fc.nat(300), syncs: fc.boolean(), truncates: fc.boolean() })
  const step = fc.record({ disk: trouble, together: fc.integer({ min: 1, max: 3 }), killed: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.nat(40), async (steps, textLength) => {
      await writeFile(path, '')
      const disk: Disk = { freeBytes: 0 }
      let waiting = ['a', 'b', 'c', 'd', 'e'].map((id, index) => replyOf(id, 'x'.repeat(textLength * (index % 3))))
      let file = await ReplyFile.open(path, openOn(disk))
      const wellAgain = { disk: { freeBytes: plenty, syncs: true, truncates: true }, together: 5, killed: true }
      for (const { disk: next, together, killed } of [...steps, wellAgain]) {
        Object.assign(disk, next)
        // As the engine does: nothing is sent again that the transport finds.
        const tried = await Promise.all(
          waiting.slice(0, together).map(async (reply) => {
            if (await file.has(reply.id)) return undefined
            const { status } = await file.append(reply, never)
            return status === 'sent' ? undefined : reply
          }),
        )
        waiting = [...tried.filter((reply) => reply !== undefined), ...waiting.slice(together)]
        if (!killed) continue
        await file.close()
        disk.freeBytes = plenty
        disk.truncates = true
        file = await ReplyFile.open(path, openOn(disk))
      }
      await file.close()
      expect(waiting).toEqual([])
      const ids = (await contents())
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id)
      expect(ids.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
    }),
    { numRuns: 100 },
  )
})

test('replies that cannot be looked up now can be later, and new ones are written meanwhile', async () => {
  await appendFile(path, replyLine(replyOf('a')))
  const file = await ReplyFile.open(path)
  await rename(path, `${path}.away`)
  await expect(file.has('a')).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await file.append(replyOf('b'), never)).toMatchObject({ status: 'sent' })
  await rename(`${path}.away`, path)
  expect([await file.has('a'), await file.has('b'), await file.has('c')]).toEqual([true, true, false])
  await file.close()
})

test.skipIf(process.platform !== 'linux')(
  'a folder that cannot be made is an error, not an endless attempt',
  async () => {
    await expect(ReplyFile.open('/proc/wa-agent/replies/out.jsonl')).rejects.toMatchObject({ code: 'ENOENT' })
  },
)
