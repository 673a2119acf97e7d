import { spawnSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { endSignal } from './lifetime.ts'

test('the first signal ends it in order, and one that comes later at once', async () => {
  const codes: number[] = []
  const asked = Object.assign(new EventEmitter(), { exit: (code: number) => codes.push(code) })
  let nowMs = 5000
  const ended = endSignal(asked, () => nowMs)
  asked.emit('SIGINT')
  expect(await ended).toBe('SIGINT')
  nowMs += 20
  asked.emit('SIGINT')
  expect(codes).toEqual([])
  nowMs += 2000
  asked.emit('SIGTERM')
  expect(codes).toEqual([130])
})

test.each(["throw new Error('from Ann')", "void Promise.reject(new Error('from Ann'))"])(
  'an error that nobody caught is logged without its words, and ends it with 1: %s',
  (mistake) => {
    const program = `
      import { endOnErrors } from ${JSON.stringify(new URL('lifetime.ts', import.meta.url).href)}
      const error = (fields, line) => console.log(line, JSON.stringify(fields))
      endOnErrors({ error })
      setTimeout(() => {}, 60_000)
      ${mistake}`
    const parameters = ['--conditions=@wa-agent/source', '--input-type=module', '-e', program]
    const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stdout).toContain('ended by an error that nobody caught {"error":"Error","frames":"')
    expect(stderr).toContain('has ended by an error in itself')
    expect(stdout + stderr).not.toContain('Ann')
  },
)
