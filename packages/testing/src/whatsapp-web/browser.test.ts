import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { argumentsFor, writeCommand } from './browser.ts'
import { chromiumForTests, findChromium } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-browser-'))
const program = join(folder, "it's chromium")
writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 })
const noFile = join(folder, 'none')
afterAll(() => rmSync(folder, { recursive: true }))

/** A platform that has no usual places, so that the machine's own Chromium is not in the way. */
const platform = 'win32'

test('Chromium is the given one, else that of the environment, else one in the usual places', () => {
  const env = { PUPPETEER_EXECUTABLE_PATH: noFile, CHROME_PATH: program }
  expect(findChromium({ path: program, env: {}, platform })).toBe(program)
  expect(findChromium({ path: noFile, env, platform })).toBe(program)
  expect(findChromium({ env: { PUPPETEER_EXECUTABLE_PATH: '' }, platform })).toBeUndefined()
})

test('tests without Chromium are skipped, but not where they have to run', () => {
  expect(chromiumForTests('this', { path: program, env: {}, platform })).toBe(program)
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  expect(chromiumForTests('this', { env: {}, platform, warn })).toBeUndefined()
  expect(warnings).toEqual([expect.stringContaining('no Chromium, so this is skipped')])
  expect(() => chromiumForTests('this', { env: { CI: 'true' }, platform })).toThrow('no Chromium, so this cannot run')
})

test.skipIf(process.platform === 'win32')('a command starts any browser with the arguments', () => {
  const parameters = argumentsFor({ port: 1234, fingerprint: 'abc=' })
  const path = writeCommand(join(folder, 'new'), program, parameters)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(
    `exec '${folder}/it'\\''s chromium' '--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:1234,`,
  )
  expect(text).toContain(`'--ignore-certificate-errors-spki-list=abc='`)
  expect(text.trimEnd()).toMatch(/"\$@"$/)
})
