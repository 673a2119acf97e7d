import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const root = new URL('../../', import.meta.url)

/** The folder of a package as node finds it from `folder`; `undefined` where it is not installed. */
function resolve(name: string, folder: URL): URL | undefined {
  for (let place = folder; ; place = new URL('../', place)) {
    const found = new URL(`node_modules/${name}/`, place)
    if (existsSync(new URL('package.json', found))) return found
    if (place.href === root.href) return undefined
  }
}

/** All that is installed for this package to run, by name. */
function treeOf(folder: URL, names: Set<string> = new Set()): Set<string> {
  const manifest = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    if (names.has(name)) continue
    const found = resolve(name, folder)
    if (!found) continue
    names.add(name)
    treeOf(found, names)
  }
  return names
}

const isBrowser = (name: string) => /puppeteer|playwright|chrom(e|ium)|whatsapp-web/.test(name)

test('no browser comes with the cloud worker, which runs in 512 MB', () => {
  const names = [...treeOf(new URL('examples/cloud-worker/', root))]
  expect(names).toEqual(expect.arrayContaining(['@wa-agent/server', 'hono', 'openai', 'pino', 'zod']))
  expect(names.filter(isBrowser)).toEqual([])
})

test('where there is one, it is found', () => {
  expect([...treeOf(new URL('packages/transport-webjs/', root))].filter(isBrowser)).toContain('puppeteer-core')
})
