import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { folderNotMade } from './errors.ts'

/**
 * Makes a folder and those above it, where they are missing. Not `mkdirSync` with `recursive`: Node repeats that for ever where
 * nothing can be made and the system calls it missing, as Linux does in /proc.
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  const above = dirname(path)
  if (above !== path) makeFolder(above)
  try {
    mkdirSync(path)
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!isFolder(path)) throw folderNotMade(error)
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
