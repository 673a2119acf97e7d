import { expect, test } from 'vitest'
import { packageFolders, sourcesOf, textOf } from './files.ts'

const union = /export type ErrorCode =(?<codes>[^\n]*(?:\n {2}\|[^\n]*)*)/.exec(textOf('packages/core/src/errors.ts'))
const codes = [...(union?.groups?.['codes'] ?? '').matchAll(/'(?<code>[a-z_]+)'/g)].map(
  ({ groups }) => groups?.['code'] ?? '',
)
const documented = [...textOf('docs/errors.md').matchAll(/^\| `(?<code>[a-z_]+)` \|/gm)].map(
  ({ groups }) => groups?.['code'] ?? '',
)

test('every error code has one row in the documentation, and every row is one of a code', () => {
  expect(codes.length).toBeGreaterThan(10)
  expect(documented.toSorted()).toEqual(codes.toSorted())
})

test('every error code is used by some package', () => {
  const sources = packageFolders()
    .flatMap(sourcesOf)
    .filter((path) => path !== 'packages/core/src/errors.ts')
    .map(textOf)
  expect(sources.length).toBeGreaterThan(20)
  expect(codes.filter((code) => !sources.some((source) => source.includes(`'${code}'`)))).toEqual([])
})
