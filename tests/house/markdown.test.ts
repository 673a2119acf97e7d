import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fromRoot, manifestOf, packageFolders, pages, root, textOf } from './files.ts'

const run = promisify(execFile)

/** The page without its blocks of code, in which nothing is a link. */
const prose = (page: string): string => textOf(page).replace(/```[\s\S]*?```/g, '')

/** How GitHub names the heading of a page in an address. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsIn = (page: string): string[] =>
  [...prose(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

test('every snippet of code equals its compiled source', async () => {
  const outcome = await run(process.execPath, ['scripts/snippets.mjs', '--check'], { cwd: root }).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => error,
  )
  expect(outcome.stderr).toBe('')
  expect(outcome.stdout).toMatch(/^[1-9]\d* snippets in [1-9]\d* pages\n$/)
})

test('every relative link leads to something that is there', () => {
  const links = pages().flatMap((page) =>
    [...prose(page).matchAll(/\]\((?<target>[^)\s]+)\)/g)]
      .map(({ groups }) => groups?.['target'] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => ({ page, target })),
  )
  expect(links.length).toBeGreaterThan(20)
  const broken = links.filter(({ page, target }) => {
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : fromRoot(join(root, dirname(page), path))
    if (file.startsWith('..') || !existsSync(join(root, file))) return true
    return anchor !== undefined && !anchorsIn(file).includes(anchor)
  })
  expect(broken).toEqual([])
})

test('every path of the repository that a page names is there', () => {
  const named = pages().flatMap((page) =>
    [...prose(page).matchAll(/`(?<path>(?:packages|docs|examples|scripts|tests|bench|src)\/[\w./-]+)`/g)].map(
      ({ groups }) => ({ page, path: groups?.['path'] ?? '' }),
    ),
  )
  expect(named.length).toBeGreaterThan(5)
  // `src/...` is meant from the page's own folder.
  const folderOf = (page: string, path: string) => (path.startsWith('src/') ? dirname(page) : '')
  expect(named.filter(({ page, path }) => !existsSync(join(root, folderOf(page, path), path)))).toEqual([])
})

test('every npm script that a page names is there', () => {
  const { scripts = {} } = manifestOf('')
  const named = pages().flatMap((page) =>
    [...textOf(page).matchAll(/\bnpm (?:run (?<script>[\w:-]+)|(?<short>start|test)\b)/g)].map(({ groups }) => ({
      page,
      script: groups?.['script'] ?? groups?.['short'] ?? '',
    })),
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([])
})

test('every package of ours that a page names is there', () => {
  const exported = packageFolders().flatMap((folder) => {
    const { name, exports = {} } = manifestOf(folder)
    return Object.keys(exports).map((path) => join(name, path).replaceAll('\\', '/'))
  })
  const named = pages().flatMap((page) =>
    [...textOf(page).matchAll(/@wa-agent\/[a-z-]+(?:\/[a-z-]+)*/g)].map(([name]) => ({ page, name })),
  )
  expect(named.length).toBeGreaterThan(20)
  const known = new Set([...exported, '@wa-agent/source'])
  expect(named.filter(({ name }) => !known.has(name))).toEqual([])
})

test('every page of the documentation is reached from its index', () => {
  const index = 'docs/README.md'
  const reached = new Set([index])
  for (const page of reached) {
    for (const { groups } of prose(page).matchAll(/\]\((?<target>[^)#\s]+\.md)(?:#[^)]*)?\)/g)) {
      const target = fromRoot(join(root, dirname(page), groups?.['target'] ?? ''))
      if (target.startsWith('docs/') && existsSync(join(root, target))) reached.add(target)
    }
  }
  expect(reached.size).toBeGreaterThan(10)
  expect(pages().filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([])
})

test('the two commands and an example stand at the top of the README', () => {
  const lines = textOf('README.md').split('\n')
  const top = lines.slice(0, 25).join('\n')
  expect(top).toContain('npm start')
  expect(top).toContain('npm test')
  expect(top).toContain('```ts')
})
