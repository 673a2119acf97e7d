import type { FileHandle } from 'node:fs/promises'
import { idOfLine } from './reply-line.ts'

const lineFeed = 0x0a
const pieceBytes = 64 * 1024

/**
 * Mends a file whose writer was killed in the middle of a line, and gives its size. A last line that is whole but for its
 * line break gets it; one that is torn is cut off, for nobody was told that it had been written.
 */
export async function repairTail(file: FileHandle): Promise<number> {
  const { size } = await file.stat()
  const start = await lastLineStart(file, size)
  if (start === size) return size
  const tail = Buffer.alloc(size - start)
  await readFully(file, tail, start)
  if (idOfLine(tail.toString('utf8')) === undefined) {
    await file.truncate(start)
    await file.sync()
    return start
  }
  await file.write(Buffer.from('\n'), { position: size })
  await file.sync()
  return size + 1
}

/** Where the text after the last line feed begins; `size` where there is none. */
async function lastLineStart(file: FileHandle, size: number): Promise<number> {
  const piece = Buffer.alloc(Math.min(pieceBytes, size))
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - piece.byteLength)
    const read = piece.subarray(0, end - start)
    await readFully(file, read, start)
    const at = read.lastIndexOf(lineFeed)
    if (at !== -1) return start + at + 1
    end = start
  }
  return 0
}

async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.byteLength; ) {
    const { bytesRead } = await file.read(buffer, done, buffer.byteLength - done, position + done)
    if (bytesRead === 0) return
    done += bytesRead
  }
}
