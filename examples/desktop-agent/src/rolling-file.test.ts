import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rollingFile } from './rolling-file.ts'

test('keeps the newest lines, in two files of a bounded size, also after a restart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-log-'))
  const path = join(folder, 'agent.log')
  for (let start = 0; start < 5; start += 1) {
    const file = rollingFile(path, 100)
    for (let line = 0; line < 9; line += 1) file.write(`${start}-${line} é\n`)
  }
  expect(readdirSync(folder).toSorted()).toEqual(['agent.log', 'agent.log.1'])
  const kept = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
  expect(kept).toMatch(/4-7 é\n4-8 é\n$/)
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(200)
  rmSync(folder, { recursive: true })
})

test('goes on in the same file where the other one cannot be replaced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-log-'))
  const path = join(folder, 'agent.log')
  mkdirSync(join(`${path}.1`, 'in the way'), { recursive: true })
  const file = rollingFile(path, 20)
  for (let line = 0; line < 9; line += 1) file.write(`line ${line}\n`)
  expect(readFileSync(path, 'utf8')).toMatch(/^line 0\n(?:line \d\n){7}line 8\n$/)
  rmSync(folder, { recursive: true })
})

test.skipIf(!existsSync('/dev/full'))('leaves out what a full disk does not take', () => {
  const file = rollingFile('/dev/full')
  expect(() => file.write('line\n')).not.toThrow()
})
