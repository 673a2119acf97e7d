import { accessSync, chmodSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The host that every program asks for, whatever its options say. */
export const host = 'web.whatsapp.com'

/**
 * The arguments with which Chromium takes the server on this port for WhatsApp Web: it alone is reached, nothing else of the
 * internet is, and only its key is trusted.
 */
export function argumentsFor({ port, fingerprint }: { readonly port: number; readonly fingerprint: string }): string[] {
  return [
    `--host-resolver-rules=MAP ${host} 127.0.0.1:${port}, MAP * ~NOTFOUND`,
    `--ignore-certificate-errors-spki-list=${fingerprint}`,
    // Lets the page crash its own tab when a test wants it.
    '--js-flags=--allow-natives-syntax',
  ]
}

/** Writes a command that starts Chromium with these arguments, and gives its path. */
export function writeCommand(folder: string, chromium: string, parameters: readonly string[]): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'simulated-whatsapp-web.sh')
  const quoted = [chromium, ...parameters].map((text) => `'${text.replaceAll("'", `'\\''`)}'`)
  writeFileSync(path, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

/** Where to look for a Chromium. */
export interface FindChromiumOptions {
  /** Looked at before everything else. */
  readonly path?: string
  /** Whose `PUPPETEER_EXECUTABLE_PATH` and `CHROME_PATH` count. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default `process.platform`. */
  readonly platform?: NodeJS.Platform
}

/**
 * The path of a Chromium or Chrome on this machine: the given one, that of the environment, or one in the usual places.
 * `undefined` where there is none.
 */
export function findChromium(options: FindChromiumOptions = {}): string | undefined {
  const { env = process.env, platform = process.platform } = options
  const named = [options.path, env['PUPPETEER_EXECUTABLE_PATH'], env['CHROME_PATH']].filter(
    (path) => path !== undefined,
  )
  return [...named.filter((path) => path !== undefined && path !== ''), ...usualPlaces(platform, env)].find(
    isExecutable,
  )
}

/** Where to look for a Chromium, and how to say that there is none. */
export interface ChromiumForTestsOptions extends FindChromiumOptions {
  /** Default: a line on stderr. */
  readonly warn?: (text: string) => void
}

/**
 * As `findChromium`, for tests: where there is none it says what is skipped, and throws where the environment has
 * `CI=true`, so that nobody takes a green run for a tested one.
 */
export function chromiumForTests(what: string, options: ChromiumForTestsOptions = {}): string | undefined {
  const path = findChromium(options)
  if (path !== undefined) return path
  const { env = process.env, warn = (text: string) => void process.stderr.write(`${text}\n`) } = options
  const advice = 'Install Chromium, or name one in PUPPETEER_EXECUTABLE_PATH.'
  if (env['CI'] === 'true') throw new Error(`[whatsapp-web] There is no Chromium, so ${what} cannot run. ${advice}`)
  warn(`[whatsapp-web] There is no Chromium, so ${what} is skipped. ${advice}`)
  return undefined
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return existsSync(path)
  } catch {
    return false
  }
}

function usualPlaces(platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): string[] {
  if (platform === 'darwin') {
    return ['Chromium', 'Google Chrome'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`)
  }
  if (platform === 'win32') {
    return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA']
      .map((name) => env[name])
      .filter((folder) => folder !== undefined)
      .flatMap((folder) =>
        [String.raw`Google\Chrome\Application\chrome.exe`, String.raw`Chromium\Application\chrome.exe`].map(
          (path) => `${folder}\\${path}`,
        ),
      )
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
  return ['/usr/bin', '/usr/local/bin', '/snap/bin'].flatMap((folder) => names.map((name) => `${folder}/${name}`))
}
