import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../examples/desktop-agent/src/service/main.ts', import.meta.url))
const needed = `CLOUD_SERVER_URL=https://shop.example.com\nTENANT_ID=shop\nAPI_KEY=a-key-of-nobody\n`

let outer: string
/** Where the agent is: its name has everything in it that somebody might forget to escape. */
let folder: string
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), 'wa-agent-service-'))
  folder = join(outer, `Ann's "shop" & <co> %h $HOME`)
  mkdirSync(folder)
})
afterEach(() => rmSync(outer, { recursive: true }))

/** Runs the command with a `systemctl` that writes down what it was told and ends with `code`. */
function run(parameters: readonly string[], code = 0) {
  const bin = join(outer, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$@" >> "${outer}/calls.txt"\nexit ${code}\n`)
  chmodSync(join(bin, 'systemctl'), 0o755)
  const result = spawnSync(process.execPath, ['--conditions=@wa-agent/source', program, ...parameters], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${bin}:/bin:/usr/bin`, HOME: outer, XDG_CONFIG_HOME: join(outer, 'config'), NOTIFICATIONS: 'off' },
  })
  const calls = join(outer, 'calls.txt')
  return { ...result, calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [] }
}

const unit = () => join(outer, 'config/systemd/user/wa-agent-desktop.service')

test('installs, says how to look at it, and takes it away again', () => {
  writeFileSync(join(folder, '.env'), needed)
  const installed = run(['install', 'systemd'])
  expect([installed.status, installed.stderr]).toEqual([0, ''])
  expect(readFileSync(unit(), 'utf8')).toContain(`WorkingDirectory=${folder.replace('%h', '%%h')}\n`)
  expect(installed.calls).toEqual([
    '--user daemon-reload',
    '--user enable wa-agent-desktop.service',
    '--user restart wa-agent-desktop.service',
  ])
  expect(installed.stdout).toContain('journalctl --user -u wa-agent-desktop -f')
  expect(installed.stdout).toContain('Careful: NOTIFICATIONS of this terminal will not be there.')
  const removed = run(['uninstall', 'systemd'])
  expect([removed.status, removed.calls.at(-1)]).toEqual([0, '--user disable --now wa-agent-desktop.service'])
  expect(existsSync(unit())).toBe(false)
})

test.each(['systemd', 'launchd', 'windows', 'pm2'])('--dry-run of %s prints everything and changes nothing', (kind) => {
  for (const verb of ['install', 'uninstall']) {
    const { status, stdout, calls } = run([verb, kind, '--dry-run'])
    expect([status, calls]).toEqual([0, []])
    expect(stdout).toMatch(/Would (?:write|run) /)
  }
  expect(existsSync(join(outer, 'config'))).toBe(false)
})

test('without its settings nothing is installed', () => {
  writeFileSync(join(folder, '.env'), 'TENANT_ID=shop\n')
  const { status, stderr, calls } = run(['install', 'systemd'])
  expect([status, calls]).toEqual([1, []])
  expect(stderr).toContain('has no CLOUD_SERVER_URL, API_KEY. First run it once: npm run example:desktop-agent')
})

test('says what failed, and what is missing', () => {
  writeFileSync(join(folder, '.env'), needed)
  const failed = run(['install', 'systemd'], 3)
  expect([failed.status, failed.calls]).toEqual([1, ['--user daemon-reload']])
  expect(failed.stderr).toContain('It failed; its own words are above.')
  const missing = run(['install', 'windows'])
  expect(missing.status).toBe(1)
  expect(missing.stderr).toContain('There is no schtasks.exe here. Is this the right kind for this system?')
})

test.each([[['install']], [['install', 'docker']], [['start', 'pm2']]])('explains itself to %j', (parameters) => {
  const { status, stderr } = run(parameters)
  expect(status).toBe(1)
  expect(stderr).toContain('npm run desktop-agent:install -- systemd|launchd|pm2|windows')
})
