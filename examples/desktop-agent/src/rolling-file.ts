import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

const onlyTheOwner = 0o600

/** A file to append to. */
export interface RollingFile {
  write(text: string): void
}

/**
 * Appends to a file of at most `maxBytes`; the one before it is kept as `<path>.1`. Months of a service then need two of them.
 * Throws where the file cannot be opened. What cannot be written afterwards, e.g. on a full disk, is left out: no line is
 * worth the program.
 */
export function rollingFile(path: string, maxBytes = 5_000_000): RollingFile {
  const open = () => openSync(path, 'a', onlyTheOwner)
  let file: number | undefined = open()
  let sizeBytes = fstatSync(file).size
  const roll = (full: number) => {
    // Before anything can fail: the number may be another file's next.
    file = undefined
    sizeBytes = 0
    closeSync(full)
    renameSync(path, `${path}.1`)
  }
  return {
    write(text) {
      try {
        if (file !== undefined && sizeBytes > 0 && sizeBytes + Buffer.byteLength(text) > maxBytes) roll(file)
      } catch {
        // Somebody looks at the other one, which Windows then keeps in its place. This one grows until the next try.
      }
      try {
        file ??= open()
        sizeBytes += writeSync(file, text)
      } catch {
        // The next line tries again.
      }
    },
  }
}
