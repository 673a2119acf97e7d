import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** What git ignores and what belongs to tools. */
const ignored = /^(\.git|\.env|node_modules|dist|coverage|data|.*\.(db|db-lock|db-shm|db-wal|tgz|tsbuildinfo))$/

/** The entries of the root that a reader sees. */
export const rootEntries = (): string[] => readdirSync(root).filter((name) => !ignored.test(name))

/** All files of the repository below `folder`, by their path from the root with slashes. */
export function filesBelow(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !ignored.test(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return filesBelow(path)
      return entry.isFile() ? [path] : []
    })
}

/** The text of a file, by its path from the root. */
export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A path from the root with slashes, from one of the machine. */
export const fromRoot = (path: string): string => relative(root, path).split(sep).join('/')

/** The pages for people. */
export const pages = (): string[] => filesBelow().filter((path) => path.endsWith('.md') && !path.includes('/fixtures/'))

/** A package's manifest, as far as the house looks at it. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly license?: string
  readonly private?: boolean
  readonly type?: string
  readonly sideEffects?: boolean
  readonly engines?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The manifest in `folder`, by its path from the root. */
export const manifestOf = (folder: string): Manifest => JSON.parse(textOf(join(folder, 'package.json'))) as Manifest

/** The folders of the publishable packages, by their path from the root. */
export const packageFolders = (): string[] =>
  readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `packages/${entry.name}`)

/** The sources of a package that are published: no tests. */
export const sourcesOf = (folder: string): string[] =>
  filesBelow(`${folder}/src`).filter((path) => path.endsWith('.ts') && !isTest(path))

/** Whether a file is only there for tests. */
export const isTest = (path: string): boolean => /(\.(test|child|test-d)|[\\/]test-[\w-]+)\.ts$/.test(path)
