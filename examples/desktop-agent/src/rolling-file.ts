import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

const onlyTheOwner = 0o600

/** A file to append to. */
export interface RollingFile {
  write(text: string): void
}

/** Appends to a file of at most `maxBytes`; the one before it is kept as `<path>.1`. Months of a service then need two of them. */
export function rollingFile(path: string, maxBytes = 5_000_000): RollingFile {
  let file = openSync(path, 'a', onlyTheOwner)
  let sizeBytes = fstatSync(file).size
  return {
    write(text) {
      if (sizeBytes > 0 && sizeBytes + Buffer.byteLength(text) > maxBytes) {
        closeSync(file)
        renameSync(path, `${path}.1`)
        file = openSync(path, 'a', onlyTheOwner)
        sizeBytes = 0
      }
      sizeBytes += writeSync(file, text)
    },
  }
}
