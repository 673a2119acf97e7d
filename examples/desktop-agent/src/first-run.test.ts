import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askInTerminal } from './ask.ts'
import { firstRun } from './first-run.ts'
import { neededNames } from './settings.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wa-agent-first-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const key = 'wa_key-1234567890'

/** A terminal in which somebody answers each question as it comes; '\u0004' is Ctrl-D. */
function terminal(answers: readonly string[]) {
  const input = new PassThrough()
  const left = [...answers]
  let shown = ''
  const output = new PassThrough()
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    // readline draws the prompt of what is not secret once more.
    if (!text.endsWith('\n  > ')) return
    const answer = left.shift() ?? '\u0004'
    setImmediate(() => input.write(answer === '\u0004' ? answer : `${answer}\r`))
  })
  return { questions: askInTerminal({ input, output }), shown: () => shown }
}

test('asks until the answers can be right, and writes them for the owner alone', async () => {
  const path = join(folder, '.env')
  const { questions, shown } = terminal(['shop', 'https://shop.example.com', '', 'my-shop', 'short', key])
  expect(await firstRun(neededNames, path, questions)).toEqual({
    CLOUD_SERVER_URL: 'https://shop.example.com',
    TENANT_ID: 'my-shop',
    API_KEY: key,
  })
  questions.close()
  expect(readFileSync(path, 'utf8')).toBe(
    `CLOUD_SERVER_URL=https://shop.example.com\nTENANT_ID=my-shop\nAPI_KEY=${key}\n`,
  )
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(shown().match(/That cannot be right/g)).toHaveLength(3)
  expect(shown()).not.toContain(key)
  expect(shown()).not.toContain('short')
  expect(shown()).toContain(`${key.length} characters`)
})

test('takes answers that are pasted all at once, and shows no secret', async () => {
  const { questions, shown } = terminal([`https://shop.example.com\rmy-shop\r${key}`])
  await expect(firstRun(neededNames, join(folder, '.env'), questions)).resolves.toMatchObject({ API_KEY: key })
  questions.close()
  expect(shown()).not.toContain(key)
})

test('warns of an address on the internet without https', async () => {
  const { questions, shown } = terminal(['http://203.0.113.7:3000'])
  await firstRun(['CLOUD_SERVER_URL'], join(folder, '.env'), questions)
  expect(shown()).toContain('without https://')
})

test('writes nothing where the person gives up', async () => {
  const path = join(folder, '.env')
  const { questions } = terminal(['https://shop.example.com', 'my-shop'])
  await expect(firstRun(neededNames, path, questions)).rejects.toThrow('Nothing was saved')
  expect(existsSync(path)).toBe(false)
})
