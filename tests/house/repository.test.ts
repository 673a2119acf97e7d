import { expect, test } from 'vitest'
import { filesBelow, rootEntries, textOf } from './files.ts'

const binary = /\.(png|jpe?g|gif|webp|ico|ogg|mp[34]|pdf|gz|zip)$/

test('the root shows about twenty entries', () => {
  expect(rootEntries().length).toBeGreaterThan(10)
  expect(rootEntries().length).toBeLessThanOrEqual(25)
})

test('no file mentions a path of the machine that it was written on', () => {
  const folders = ['work', 'root', 'home', 'Users'].join('|')
  // After a word or a dot it is part of an address or of a relative path.
  const machinePath = new RegExp(`(?<![\\w.~})/-])/(?:${folders})/[\\w.-]+|[A-Z]:\\\\Users\\\\|\\.\\./shared\\b`)
  const files = filesBelow().filter((path) => !binary.test(path))
  expect(files.length).toBeGreaterThan(100)
  const found = files.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, index) => (machinePath.test(line) ? [`${path}:${index + 1}`] : [])),
  )
  expect(found).toEqual([])
})

test('the lock file names no registry and no git dependencies', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly link?: boolean }>>
  }
  const locked = Object.values(packages)
  expect(locked.length).toBeGreaterThan(100)
  // With `omit-lockfile-registry-resolved` only what is from elsewhere has an address.
  expect(locked.filter(({ resolved, link }) => resolved !== undefined && !link)).toEqual([])
})
