import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readEnvFile, withValues, writeEnvFile } from './env-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wa-agent-env-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each(['utf8', 'utf16le'] as const)('is read and kept as editors on Windows write it: %s', (encoding) => {
  const path = join(folder, '.env')
  expect(readEnvFile(path)).toEqual({})
  writeFileSync(path, '\uFEFFTENANT_ID=shop\r\nLOCAL_PORT=1\r\n', encoding)
  expect(readEnvFile(path)).toEqual({ TENANT_ID: 'shop', LOCAL_PORT: '1' })
  writeEnvFile(path, { TENANT_ID: 'other' })
  expect(readFileSync(path, 'utf8')).toBe('TENANT_ID=other\nLOCAL_PORT=1\n')
})

test('says what to do where the file cannot be written', () => {
  const path = join(folder, 'nowhere', '.env')
  expect(() => writeEnvFile(path, { TENANT_ID: 'shop' })).toThrow(
    /cannot be written.*or set TENANT_ID in the environment/,
  )
})

test('only the owner may read the file, also where it was open before', () => {
  const path = join(folder, '.env')
  writeFileSync(path, 'PORT=1\n', { mode: 0o644 })
  writeEnvFile(path, { API_KEY: 'k' })
  expect(readFileSync(path, 'utf8')).toBe('PORT=1\nAPI_KEY=k\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['.env'])
})

test('a link stays a link', () => {
  const path = join(folder, 'real')
  writeFileSync(path, 'A=1\n')
  symlinkSync(path, join(folder, '.env'))
  writeEnvFile(join(folder, '.env'), { B: '2' })
  expect(readFileSync(path, 'utf8')).toBe('A=1\nB=2\n')
})

test('replaces what was set and keeps every other line', () => {
  const before = '# Shop\r\nexport API_KEY=old # from Ann\r\nPORT=3000\r\n\r\nAPI_KEY="older"\r\nLAST=1'
  expect(withValues(before, { API_KEY: 'new', TENANT_ID: 'shop' })).toBe(
    '# Shop\nAPI_KEY=new\nPORT=3000\n\nLAST=1\nTENANT_ID=shop\n',
  )
})

test('refuses to break a value of several lines', () => {
  expect(() => withValues('TEXT="a\nAPI_KEY=x\nb"\n', { API_KEY: 'new' })).toThrow('by hand')
})

test('whatever is written reads back the same, or is refused', () => {
  const value = fc.string({ unit: fc.constantFrom(...'ab #$\'"`\\=n{}é ') })
  let written = 0
  fc.assert(
    fc.property(value, (text) => {
      let file: string
      try {
        file = withValues('OTHER=1\n', { API_KEY: text })
      } catch {
        return
      }
      written += 1
      expect(parseEnv(file)).toEqual({ OTHER: '1', API_KEY: text })
    }),
  )
  expect(written).toBeGreaterThan(20)
})
