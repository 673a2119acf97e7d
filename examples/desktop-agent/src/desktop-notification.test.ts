import { expect, test } from 'vitest'
import { desktopNotifier, notificationCommand } from './desktop-notification.ts'

const notice = { title: 'It\'s "here" & <now>', text: '-$(touch x); `y` %PATH% $env:HOME' }

test.each(['linux', 'darwin', 'win32'] as const)('on %s no word of a notice is part of a command', (platform) => {
  const { parameters, environment = {} } = notificationCommand(notice, platform)
  const whole = [...parameters, ...Object.values(environment)].filter((part) => Object.values(notice).includes(part))
  expect(whole).toEqual([notice.title, notice.text])
  const rest = parameters.filter((part) => !whole.includes(part)).join(' ')
  expect(rest).not.toContain('touch x')
})

test('on Linux words that begin with a dash are no option', () => {
  expect(notificationCommand(notice, 'linux').parameters.slice(-3)).toEqual(['--', notice.title, notice.text])
})

test('where there is no such program that is logged, and nothing else happens', async () => {
  const lines: unknown[] = []
  const logged = Promise.withResolvers<void>()
  const ignore = () => undefined
  const warn = (fields: unknown) => {
    lines.push(fields)
    logged.resolve()
  }
  const notify = desktopNotifier({ debug: ignore, info: ignore, warn, error: ignore }, 'win32')
  notify(notice)
  await logged.promise
  expect(lines).toEqual([{ program: 'powershell.exe', code: 'ENOENT' }])
})
