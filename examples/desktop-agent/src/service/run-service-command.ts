import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readEnvFile } from '../env-file.ts'
import { missingNames, readSettings, settingNames } from '../settings.ts'
import { type Command, type Service, type ServiceFacts, type ServiceKind, serviceKinds, serviceOf } from './service.ts'

const usage = `Usage:
  npm run desktop-agent:install -- systemd|launchd|pm2|windows [--dry-run]
  npm run desktop-agent:uninstall -- systemd|launchd|pm2|windows [--dry-run]
`

const templates: Readonly<Record<ServiceKind, string>> = {
  systemd: 'systemd.service',
  launchd: 'launchd.plist',
  pm2: 'pm2.json',
  windows: 'windows-task.xml',
}

/** Installs or removes the agent as a service, and says what it does. Returns the exit code. Throws what is wrong. */
export function runServiceCommand(parameters: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean', default: false } },
  })
  const [verb, wanted] = positionals
  const kind = serviceKinds.find((one) => one === wanted)
  if ((verb !== 'install' && verb !== 'uninstall') || kind === undefined || positionals.length > 2) {
    throw new Error(`Expected one of ${serviceKinds.join(', ')}.\n${usage}`)
  }
  const isDry = values['dry-run']
  const service = serviceOf(
    kind,
    readFileSync(new URL(`../../services/${templates[kind]}`, import.meta.url), 'utf8'),
    facts(),
  )
  if (verb === 'uninstall') return uninstall(service, isDry)
  checkSettings(process.cwd(), isDry)
  return install(service, isDry)
}

function facts(): ServiceFacts {
  const { username, uid } = userInfo()
  const { USERDOMAIN: domain, XDG_CONFIG_HOME: configHome } = process.env
  return {
    node: process.execPath,
    program: fileURLToPath(new URL('../index.ts', import.meta.url)),
    directory: process.cwd(),
    home: homedir(),
    user: process.platform === 'win32' && domain ? `${domain}\\${username}` : username,
    ...(configHome ? { configHome } : {}),
    ...(uid >= 0 ? { userId: uid } : {}),
  }
}

/** A service is asked nothing and sees nothing of this terminal: everything must be in the file. */
function checkSettings(directory: string, isDry: boolean): void {
  const file = join(directory, '.env')
  const kept = readEnvFile(file)
  if (missingNames(kept).length === 0) readSettings(kept)
  else if (!isDry) {
    const missing = missingNames(kept).join(', ')
    throw new Error(`${file} has no ${missing}. First run it once: npm run example:desktop-agent`)
  }
  const forgotten = settingNames.filter((name) => process.env[name] && !kept[name])
  if (forgotten.length > 0)
    say(`Careful: ${forgotten.join(', ')} of this terminal will not be there. Write it into ${file}.`)
}

function install({ path, content, encoding, install: commands, notes }: Service, isDry: boolean): number {
  if (isDry) {
    say(`Would write ${path}:\n\n${content.replace(/^\uFEFF/, '')}\nand run:`)
    for (const command of commands) say(`  ${shown(command)}`)
    return 0
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { encoding })
  say(`Wrote ${path}`)
  if (!commands.every(run)) return 1
  say(`\nThe desktop agent is installed and runs.\n${notes.map((note) => `  ${note}`).join('\n')}`)
  return 0
}

function uninstall({ path, uninstall: commands }: Service, isDry: boolean): number {
  if (isDry) {
    for (const command of commands) say(`Would run ${shown(command)}`)
    say(`Would delete ${path}`)
    return 0
  }
  const isDone = commands.every(run)
  rmSync(path, { force: true })
  say(`Deleted ${path}. Settings, messages and the session of WhatsApp are still there.`)
  return isDone ? 0 : 1
}

/** Runs a command before the owner's eyes. False where it failed and must not. */
function run(command: Command): boolean {
  const { file, parameters, mayFail = false } = command
  say(`> ${shown(command)}`)
  // pm2 is a script of the shell on Windows, where only a shell finds it.
  const isScript = process.platform === 'win32' && file === 'pm2'
  const { status, error } = isScript
    ? spawnSync(shown(command), { shell: true, stdio: 'inherit' })
    : spawnSync(file, parameters, { stdio: mayFail ? 'ignore' : 'inherit' })
  if (status === 0 || mayFail) return true
  const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT'
  const why = isMissing ? `There is no ${file} here.${hint(file)}` : 'It failed; its own words are above.'
  process.stderr.write(`${why} Nothing was lost; run the same command again when that is solved.\n`)
  return false
}

function hint(file: string): string {
  if (file === 'pm2') return ' Install it: npm install --global pm2.'
  return file === 'systemctl' ? ' This system has no systemd: take pm2.' : ' Is this the right kind for this system?'
}

function shown({ file, parameters }: Command): string {
  return [file, ...parameters].map((part) => (/^[\w./:=@\\-]+$/.test(part) ? part : `"${part}"`)).join(' ')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
