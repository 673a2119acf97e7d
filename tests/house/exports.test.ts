import { join } from 'node:path'
import { expect, test } from 'vitest'
import { manifestOf, packageFolders, textOf } from './files.ts'

interface Exported {
  readonly name: string
  /** The file that declares it, or re-exports it. */
  readonly path: string
}

/** The names that a file takes from other files, and where they are from. */
function namesFrom(path: string): Map<string, Exported> {
  const found = new Map<string, Exported>()
  const pattern = /^(?:export|import) (?:type )?\{(?<names>[^}]*)\} from '(?<from>[^']+)'/gm
  for (const { groups } of withoutComments(textOf(path)).matchAll(pattern)) {
    for (const part of (groups?.['names'] ?? '').split(',')) {
      const [original = '', alias] = part
        .trim()
        .replace(/^type /, '')
        .split(' as ')
      if (original === '') continue
      found.set(alias ?? original, { name: original, path: join(path, '..', groups?.['from'] ?? '') })
    }
  }
  return found
}

const withoutComments = (code: string): string => code.replace(/^\s*\/\/.*$/gm, '')

/** The lines above a declaration, or `undefined` where the file declares no such thing. */
function declarationOf({ name, path }: Exported): { readonly before: string; readonly line: string } | undefined {
  const lines = textOf(path).split('\n')
  const pattern = new RegExp(`^export (?:abstract )?(?:async )?(?:function\\*?|class|interface|type|const) ${name}\\b`)
  const at = lines.findIndex((line) => pattern.test(line))
  if (at === -1) return undefined
  return { before: lines[at - 1] ?? '', line: lines[at] ?? '' }
}

/** Follows an export to its declaration and says whether a comment stands before it. */
function isDocumented(exported: Exported): boolean {
  const declaration = declarationOf(exported)
  if (!declaration) {
    const next = namesFrom(exported.path).get(exported.name)
    if (!next) throw new Error(`${exported.path} neither declares nor takes from elsewhere ${exported.name}`)
    return isDocumented(next)
  }
  if (/\*\/\s*$/.test(declaration.before)) return true
  // The type of a schema says what its schema says.
  const schema = /= z\.(?:output|input)<typeof (?<name>\w+)>/.exec(declaration.line)?.groups?.['name']
  return schema !== undefined && isDocumented({ name: schema, path: exported.path })
}

const entries = packageFolders().flatMap((folder) =>
  Object.values(manifestOf(folder).exports ?? {}).map((conditions) =>
    join(folder, conditions['@wa-agent/source'] ?? '').replaceAll('\\', '/'),
  ),
)

test('there are entries to look at', () => {
  expect(entries).toEqual(expect.arrayContaining(['packages/core/src/index.ts', 'packages/core/src/openai/index.ts']))
})

test.each(entries)('every export of %s says what it promises', (entry) => {
  const names = [...namesFrom(entry)]
  expect(names.length).toBeGreaterThan(0)
  expect(names.filter(([, exported]) => !isDocumented(exported)).map(([name]) => name)).toEqual([])
})

test.each(entries)('%s is a table of contents: it declares nothing itself', (entry) => {
  const rest = withoutComments(textOf(entry)).replace(/^export (?:type )?\{[^}]*\} from '[^']+'$/gm, '')
  expect(rest.trim()).toBe('')
})
