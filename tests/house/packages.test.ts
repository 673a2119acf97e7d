import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isTest, manifestOf, packageFolders, root, sourcesOf, textOf } from './files.ts'

const folders = packageFolders()

/** What a package does not depend on, because its build puts a copy into it. */
const bundled: Readonly<Record<string, readonly string[]>> = { 'packages/transport-webjs': ['whatsapp-web.js'] }

/** What a file imports or exports from, static and dynamic, types included. Comments do not count. */
function importsOf(path: string): string[] {
  const code = textOf(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
  const pattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)'(?<from>[^']+)'/gm
  return [...code.matchAll(pattern)].map(({ groups }) => groups?.['from'] ?? '')
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

test('there are packages', () => {
  expect(folders).toEqual(expect.arrayContaining(['packages/core', 'packages/storage-sqlite', 'packages/testing']))
})

describe.each(folders)('%s', (folder) => {
  const manifest = manifestOf(folder)

  test('has the manifest of the house', () => {
    expect(manifest).toMatchObject({
      name: `@wa-agent/${folder.slice('packages/'.length)}`,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      description: expect.stringMatching(/.+/),
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=22.18' },
      files: expect.arrayContaining(['dist']),
    })
    expect(manifest.private).toBeUndefined()
    expect(
      Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?(install|prepare|prepack)$/.test(name)),
    ).toEqual([])
  })

  test('exports its source, its types and its code, in this order', () => {
    const exported = Object.values(manifest.exports ?? {})
    expect(exported.length).toBeGreaterThan(0)
    for (const conditions of exported) {
      const source = conditions['@wa-agent/source'] ?? ''
      const built = source.replace('./src/', './dist/').replace(/\.ts$/, '')
      expect(Object.entries(conditions)).toEqual([
        ['@wa-agent/source', source],
        ['types', `${built}.d.ts`],
        ['default', `${built}.js`],
      ])
      expect(existsSync(join(root, folder, source))).toBe(true)
    }
  })

  test('has a README that begins with an example', () => {
    const readme = textOf(`${folder}/README.md`)
    expect(readme).toMatch(new RegExp(`^# ${manifest.name}\n`))
    const example = readme.indexOf('```ts')
    expect(example).toBeGreaterThan(0)
    expect(readme.slice(0, example)).not.toMatch(/^## /m)
    expect(readme).toContain(`npm install`)
  })

  test('has core as a peer, unless it is core', () => {
    const expected = folder === 'packages/core' ? undefined : expect.any(String)
    expect(manifest.peerDependencies?.['@wa-agent/core']).toEqual(expected)
    // Of our own packages only the tools that transports share are installed along: nobody has two of their versions.
    const shared = /^packages\/transport-(?!kit)/.test(folder) ? ['@wa-agent/transport-kit'] : []
    expect(Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@wa-agent/'))).toEqual(shared)
  })

  test('imports only what its manifest names', () => {
    const sources = sourcesOf(folder)
    expect(sources.length).toBeGreaterThan(0)
    const allowed = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
      ...(bundled[folder] ?? []),
      ...builtinModules.map((name) => `node:${name}`),
      'node:sqlite',
    ])
    const imports = sources.flatMap((path) => importsOf(path).map((from) => ({ path, from })))
    expect(imports.length).toBeGreaterThan(0)
    const foreign = imports.filter(
      ({ from }) => !from.startsWith('.') && !allowed.has(from.startsWith('node:') ? from : packageOf(from)),
    )
    expect(foreign).toEqual([])
    const outside = imports.filter(
      ({ path, from }) => from.startsWith('.') && !join(dirname(path), from).startsWith(join(folder, 'src')),
    )
    expect(outside).toEqual([])
  })

  test('publishes nothing that is only there for tests', () => {
    const published = Object.values(manifest.exports ?? {}).map((conditions) => conditions['@wa-agent/source'] ?? '')
    expect(published.filter(isTest)).toEqual([])
  })
})

test('arrows point one way: core imports no package of ours, ports do not import each other', () => {
  const kinds = /^@wa-agent\/(transport|storage|queue)-(?!kit$)/
  const imports = folders.flatMap((folder) =>
    sourcesOf(folder).flatMap((path) => importsOf(path).map((from) => ({ folder, path, from: packageOf(from) }))),
  )
  expect(imports.length).toBeGreaterThan(100)
  expect(imports.filter(({ folder, from }) => folder === 'packages/core' && from.startsWith('@wa-agent/'))).toEqual([])
  expect(imports.filter(({ folder, from }) => kinds.test(manifestOf(folder).name) && kinds.test(from))).toEqual([])
})

test('the sources of storage-sqlite import core and what Node brings, and nothing else', () => {
  const imports = sourcesOf('packages/storage-sqlite').flatMap((path) => importsOf(path))
  expect(imports.length).toBeGreaterThan(5)
  expect(imports.filter((from) => !/^(\.|node:|@wa-agent\/core($|\/))/.test(from))).toEqual([])
})
