import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findChromium, type Machine } from './chromium.ts'

function machine(fields: Partial<Omit<Machine, 'exists'>> & { readonly paths?: readonly string[] } = {}): Machine {
  const { paths = [], ...rest } = fields
  return { platform: 'linux', env: {}, exists: (path) => paths.includes(path), osRelease: () => '', ...rest }
}

describe('the browser', () => {
  test('is the one that is given, then that of the environment, then one in a usual place', () => {
    const env = { PUPPETEER_EXECUTABLE_PATH: '/b', CHROME_PATH: '/c' }
    const paths = ['/a', '/b', '/c', '/usr/bin/chromium']
    expect(findChromium('/a', machine({ env, paths }))).toBe('/a')
    expect(findChromium(undefined, machine({ env, paths }))).toBe('/b')
    expect(findChromium(undefined, machine({ env: { CHROME_PATH: '/c' }, paths }))).toBe('/c')
    expect(findChromium('', machine({ paths }))).toBe('/usr/bin/chromium')
  })

  test('that is named and not there is no reason to take another one', () => {
    const env = { CHROME_PATH: '/not/there' }
    const find = () => findChromium(undefined, machine({ env, paths: ['/usr/bin/chromium'] }))
    expect(find).toThrow(/no browser at \/not\/there, where `CHROME_PATH` says/)
  })

  test.skipIf(process.platform === 'win32')('is a file that may be run', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wa-agent-chromium-'))
    const path = join(folder, 'chromium')
    writeFileSync(path, '')
    for (const wrong of [folder, path]) expect(() => findChromium(wrong)).toThrow(/It has to be a file that may be run/)
    chmodSync(path, 0o755)
    expect(findChromium(path)).toBe(path)
    rmSync(folder, { recursive: true })
  })

  test.each<readonly [NodeJS.Platform, NodeJS.ProcessEnv, string]>([
    ['linux', {}, '/usr/bin/google-chrome-stable'],
    ['linux', { PATH: ['/opt', '/nix/bin'].join(delimiter) }, '/nix/bin/chromium'],
    ['linux', {}, '/snap/bin/chromium'],
    ['darwin', {}, '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    ['darwin', { HOME: '/h' }, '/h/Applications/Chromium.app/Contents/MacOS/Chromium'],
  ])('is found on %s with %o', (platform, env, path) => {
    expect(findChromium(undefined, machine({ platform, env, paths: [path] }))).toBe(path)
  })

  test('is found on Windows, Edge as well', () => {
    const env = { LOCALAPPDATA: 'local', PROGRAMFILES: 'programs' }
    const seen: string[] = []
    const exists = (path: string) => {
      seen.push(path)
      return path.endsWith('msedge.exe')
    }
    expect(findChromium(undefined, { ...machine({ platform: 'win32', env }), exists })).toMatch(
      /^programs.*msedge\.exe$/,
    )
    expect(seen.some((path) => /^local.*Chrome.*chrome\.exe$/.test(path))).toBe(true)
  })

  test.each<readonly [string, Partial<Machine>, RegExp]>([
    ['Debian', { osRelease: () => 'NAME="Debian"\nID=debian\n' }, /apt-get install --no-install-recommends chromium/],
    ['Ubuntu', { osRelease: () => 'ID=ubuntu\nID_LIKE=debian\n' }, /snap install chromium/],
    ['Mint', { osRelease: () => 'ID=linuxmint\nID_LIKE="ubuntu debian"\n' }, /snap install chromium/],
    ['Fedora', { osRelease: () => 'ID=fedora' }, /dnf install chromium/],
    ['Rocky', { osRelease: () => 'ID="rocky"\nID_LIKE="rhel centos fedora"' }, /dnf install chromium/],
    ['Arch', { osRelease: () => 'ID=arch' }, /pacman -S chromium/],
    ['Alpine', { osRelease: () => 'ID=alpine' }, /apk add chromium/],
    ['another Linux', {}, /the package `chromium` of your system/],
    ['macOS', { platform: 'darwin' }, /brew install --cask chromium/],
    ['Windows', { platform: 'win32' }, /winget install Google\.Chrome/],
  ])('that is missing is asked for in the words of %s', (_, fields, expected) => {
    const find = () => findChromium(undefined, machine(fields))
    expect(find).toThrow(expected)
    expect(find).toThrow(
      expect.objectContaining({ code: 'invalid_options', message: expect.stringMatching(/executablePath/) }),
    )
  })
})
