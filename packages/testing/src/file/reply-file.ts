import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Delivery, SendResult } from '@wa-agent/core'
import { makeFolder } from './make-folder.ts'
import { readLines } from './read-lines.ts'
import { repairTail } from './repair-tail.ts'
import { idOfLine, replyLine } from './reply-line.ts'

interface Waiting {
  readonly delivery: Delivery
  readonly signal: AbortSignal
  readonly resolve: (result: SendResult) => void
}

/**
 * The file of replies. What is appended in one turn of the event loop goes into one write and one fsync, and a reply counts
 * as sent only after that. So a reply is in the file whole, or it is not and nobody was told that it is.
 */
export class ReplyFile {
  readonly #path: string
  readonly #file: FileHandle
  /** What was certainly written. */
  #size: number
  /** There may be more in the file, and it could not be cut off yet. */
  #hasRest = false
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined
  #count = 0
  /** Built when somebody asks for the first time: after a crash. Most runs never need it. */
  #index: Promise<Set<string>> | undefined

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path
    this.#file = file
    this.#size = size
  }

  /** Opens the file, makes it and its folder where they are missing, and mends its end. */
  static async open(path: string, openFile: typeof open = open): Promise<ReplyFile> {
    await makeFolder(dirname(path))
    // Read, write at given places, make where missing: what `a+` is, but for truncating and writing where we say.
    const file = await openFile(path, constants.O_RDWR | constants.O_CREAT)
    try {
      const size = await repairTail(file)
      await syncFolder(dirname(path))
      return new ReplyFile(path, file, size)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** How many replies were written since it was opened. */
  get count(): number {
    return this.#count
  }

  /** Resolves when the reply is on disk, or certainly not in the file. */
  append(delivery: Delivery, signal: AbortSignal): Promise<SendResult> {
    return new Promise((resolve) => {
      this.#waiting.push({ delivery, signal, resolve })
      this.#flushing ??= this.#flush()
    })
  }

  /** Whether the reply with this id is in the file. Waits for what is being written. */
  async has(id: string): Promise<boolean> {
    await this.#flushing
    this.#index ??= this.#readIds()
    try {
      return (await this.#index).has(id)
    } catch (error) {
      // Read anew for whoever asks next.
      this.#index = undefined
      throw error
    }
  }

  /** Writes what waits and lets go of the file. */
  async close(): Promise<void> {
    await this.#flushing
    await this.#file.close()
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Everything that is sent in this turn of the event loop shares one fsync.
      await new Promise((resolve) => setImmediate(resolve))
      const batch = this.#waiting
      this.#waiting = []
      const wanted = batch.filter(({ signal }) => !signal.aborted)
      for (const { signal, resolve } of batch) {
        if (signal.aborted) resolve({ status: 'failed', retryable: true, reason: 'aborted before it was written' })
      }
      if (wanted.length > 0) await this.#write(wanted)
    }
    this.#flushing = undefined
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.from(batch.map(({ delivery }) => replyLine(delivery)).join(''))
    try {
      if (this.#hasRest) await this.#cutOff()
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await this.#file.write(bytes, { offset: done, position: this.#size + done })
        done += bytesWritten
      }
      await this.#file.datasync()
    } catch (error) {
      const result = await this.#takeBack(error)
      for (const { resolve } of batch) resolve(result)
      return
    }
    this.#size += bytes.byteLength
    this.#count += batch.length
    const index = await this.#index?.catch(() => undefined)
    for (const { delivery, resolve } of batch) {
      index?.add(delivery.id)
      resolve({ status: 'sent', providerId: delivery.id })
    }
  }

  /** A write that failed may be in the file in part: cut it off, or nobody knows. */
  async #takeBack(error: unknown): Promise<SendResult> {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const reason = `the file cannot be written: ${code}`
    this.#hasRest = true
    try {
      await this.#cutOff()
      return { status: 'failed', retryable: true, reason }
    } catch {
      return { status: 'uncertain', reason }
    }
  }

  async #cutOff(): Promise<void> {
    await this.#file.truncate(this.#size)
    this.#hasRest = false
  }

  async #readIds(): Promise<Set<string>> {
    const ids = new Set<string>()
    // What is being written now adds itself once it is on disk.
    const limits = { maxLineBytes: Number.POSITIVE_INFINITY, sizeBytes: this.#size }
    const options = { ...limits, signal: new AbortController().signal }
    for await (const { lines } of readLines(this.#path, options)) {
      for (const { text = '' } of lines) {
        const id = idOfLine(text)
        if (id !== undefined) ids.add(id)
      }
    }
    return ids
  }
}

/** A new file is only there after a power failure if its folder was synced too; not every system can do that. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    await folder.sync().finally(() => folder.close())
  } catch {
    return
  }
}
