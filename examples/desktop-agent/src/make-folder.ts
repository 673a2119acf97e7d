import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the folder in which a file is to be; `name` is the setting that says where. Throws what to do where it cannot. */
export function makeFolderOf(file: string, name: string): void {
  const folder = dirname(file)
  try {
    make(folder)
  } catch (error) {
    throw new Error(`The folder ${folder} cannot be made. Choose another path for ${name}.`, { cause: error })
  }
}

/** Not with `recursive`: Node repeats that for ever where nothing can be made, as in Linux's /proc. */
function make(folder: string): void {
  if (isFolder(folder)) return
  const above = dirname(folder)
  if (above !== folder) make(above)
  mkdirSync(folder)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
