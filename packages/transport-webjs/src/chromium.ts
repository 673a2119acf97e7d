import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { WaAgentError } from '@wa-agent/core'

/** The machine as the search sees it. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it is a file that may be run. */
  readonly exists: (path: string) => boolean
  /** `/etc/os-release`; '' where there is none. */
  readonly osRelease: () => string
}

const thisMachine: Machine = {
  platform: process.platform,
  env: process.env,
  exists(path) {
    try {
      accessSync(path, constants.X_OK)
      // A folder may be entered by the same right, such as an .app of macOS.
      return statSync(path).isFile()
    } catch {
      return false
    }
  },
  osRelease() {
    try {
      return readFileSync('/etc/os-release', 'utf8')
    } catch {
      return ''
    }
  },
}

/** In this order; the names are looked up in the folders of `PATH` too. */
const linuxNames = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chromium-headless-shell',
  'brave-browser',
  'microsoft-edge-stable',
]
const macApps = ['Chromium', 'Google Chrome', 'Brave Browser', 'Microsoft Edge']
const windowsPlaces = [
  ['Chromium', 'Application', 'chrome.exe'],
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['BraveSoftware', 'Brave-Browser', 'Application', 'brave.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
]

/**
 * The path of a Chromium: the one that is given, else that of `PUPPETEER_EXECUTABLE_PATH` or `CHROME_PATH`, else the first
 * one in the usual places. Throws `invalid_options` with what to install on this system.
 */
export function findChromium(given?: string, machine: Machine = thisMachine): string {
  const { env, exists } = machine
  const named = [
    ['executablePath', given],
    ['PUPPETEER_EXECUTABLE_PATH', env['PUPPETEER_EXECUTABLE_PATH']],
    ['CHROME_PATH', env['CHROME_PATH']],
  ] as const
  for (const [name, path] of named) {
    if (!path) continue
    if (exists(path)) return path
    throw new WaAgentError(
      'invalid_options',
      `[transport-webjs] There is no browser at ${path}, where \`${name}\` says that it is. Correct it or leave it out. It has to be a file that may be run; on macOS it is in the .app folder.`,
    )
  }
  const found = usualPlaces(machine).find(exists)
  if (found !== undefined) return found
  throw new WaAgentError(
    'invalid_options',
    `[transport-webjs] No Chromium or Chrome was found. ${howToInstall(machine)} Or set \`executablePath\` (or CHROME_PATH) to where it is.`,
  )
}

function usualPlaces({ platform, env }: Machine): string[] {
  const inPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  switch (platform) {
    case 'darwin': {
      const folders = ['/Applications', ...(env['HOME'] ? [join(env['HOME'], 'Applications')] : [])]
      return folders.flatMap((folder) => macApps.map((app) => join(folder, `${app}.app`, 'Contents', 'MacOS', app)))
    }
    case 'win32': {
      const folders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => env[name] ?? [])
      return windowsPlaces.flatMap((place) => folders.map((folder) => join(folder, ...place)))
    }
    default: {
      const folders = ['/usr/bin', '/usr/local/bin', '/snap/bin', ...inPath]
      return linuxNames.flatMap((name) => folders.map((folder) => join(folder, name)))
    }
  }
}

function howToInstall({ platform, osRelease }: Machine): string {
  if (platform === 'darwin')
    return 'Install one: `brew install --cask chromium`, or Google Chrome from google.com/chrome.'
  if (platform === 'win32') return 'Install one: `winget install Google.Chrome`, or from google.com/chrome.'
  const command = commandFor(osRelease())
  return command === undefined ? 'Install the package `chromium` of your system.' : `Install one: \`${command}\`.`
}

const commands: Readonly<Record<string, string>> = {
  alpine: 'apk add chromium',
  arch: 'pacman -S chromium',
  debian: 'sudo apt-get install --no-install-recommends chromium',
  fedora: 'sudo dnf install chromium',
  rhel: 'sudo dnf install chromium',
  suse: 'sudo zypper install chromium',
  ubuntu: 'sudo snap install chromium',
}

/** By the system itself, or by the one that it is like. */
function commandFor(osRelease: string): string | undefined {
  const fieldOf = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(osRelease)?.[1] ?? ''
  const ids = [fieldOf('ID'), ...fieldOf('ID_LIKE').split(' ')]
  return ids.map((id) => commands[id]).find((command) => command !== undefined)
}
