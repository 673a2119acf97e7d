import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ChannelKey } from '@wa-agent/core'
import { Problem, tooLarge } from '../problem.ts'

/** Files that desktops uploaded, for as long as agents may want to open them. */
export class MediaFolder {
  readonly maxBytes: number
  readonly #folder: string
  readonly #keepMs: number

  constructor(options: { readonly folder: string; readonly maxBytes: number; readonly keepMs: number }) {
    this.#folder = options.folder
    this.maxBytes = options.maxBytes
    this.#keepMs = options.keepMs
  }

  /** Takes a file in, wholly or not at all, without holding it in memory. Rejects with a `Problem`. */
  async put(channel: ChannelKey, id: string, body: ReadableStream<Uint8Array>): Promise<number> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const path = this.#pathOf(channel, id)
    const partial = `${path}.${randomUUID()}.partial`
    let bytes = 0
    const maxBytes = this.maxBytes
    async function* limited() {
      for await (const chunk of Readable.fromWeb(body as never)) {
        bytes += (chunk as Uint8Array).byteLength
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        yield chunk as Uint8Array
      }
    }
    try {
      await pipeline(limited, createWriteStream(partial, { mode: 0o600 }))
      await rename(partial, path)
      return bytes
    } catch (error) {
      await rm(partial, { force: true })
      throw error instanceof Problem ? error : endedEarly(error)
    }
  }

  /** The bytes of a file; `undefined` where there is none. */
  async open(channel: ChannelKey, id: string): Promise<ReadableStream<Uint8Array> | undefined> {
    try {
      const file = await open(this.#pathOf(channel, id))
      return Readable.toWeb(createReadStream('', { fd: file })) as ReadableStream<Uint8Array>
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Removes what is older than it is kept. */
  async sweep(nowMs: number): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names) {
      const path = join(this.#folder, name)
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
      if (nowMs - mtimeMs > this.#keepMs) await rm(path, { force: true })
    }
  }

  /** Ids are the other side's to choose: none of them is ever part of a path. */
  #pathOf({ tenant, channel }: ChannelKey, id: string): string {
    return join(
      this.#folder,
      createHash('sha256')
        .update(JSON.stringify([tenant, channel, id]))
        .digest('hex'),
    )
  }
}

function endedEarly(cause: unknown): Problem {
  return new Problem(400, 'bad-request', { detail: 'The file ended too early.', cause })
}
