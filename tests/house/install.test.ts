import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { manifestOf, packageFolders, root, textOf } from './files.ts'

const exec = promisify(execFile)
const isWindows = process.platform === 'win32'
const minutesMs = 180_000
/** What BullMQ (a faster decoder, optional) and Google's client (a word about its version) bring. Without them everything works. */
const broughtByBrokers = ['msgpackr-extract', 'protobufjs']
const maxBytes = 12 * 1024 * 1024

/** Built and packed from a copy, so that nobody else's build is in the way. */
let work: string
const tarballs = new Map<string, string>()

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'wa-agent-install-'))
  const copy = join(work, 'copy')
  await copyForBuild(copy)
  const tools = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`
  await run(process.execPath, ['scripts/build.mjs'], { cwd: copy, PATH: tools })
  for (const folder of packageFolders()) {
    const { stdout } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', work], join(copy, folder))
    tarballs.set(manifestOf(folder).name, join(work, filenameIn(stdout)))
  }
}, minutesMs)

afterAll(async () => rm(work, { recursive: true, force: true }), minutesMs)

test(
  'core installs in an empty folder, small and without install scripts, and runs a pipeline',
  async () => {
    const folder = await emptyProject('core')
    await install(folder, [tarballs.get('@wa-agent/core') ?? ''])
    const installed = await manifestsIn(join(folder, 'node_modules'))
    expect(installed.map(({ name }) => name)).toEqual(expect.arrayContaining(['@wa-agent/core', 'zod', 'p-queue']))
    expect(installed.map(({ name }) => name)).not.toContain('openai')
    expect(installed.filter(({ scripts }) => hasInstallScript(scripts)).map(({ name }) => name)).toEqual([])
    expect(await sizeOf(join(folder, 'node_modules'))).toBeLessThan(maxBytes)
    expect(await runModule(folder, tryPipeline)).toBe('Hello!\n')
    expect(await runModule(folder, tryOpenai)).toMatch(/^invalid_options: .*npm install openai\n$/)
    expect(await runModule(folder, tryTelemetry)).toMatch(/^invalid_options: .*npm install @opentelemetry\/api\n$/)
  },
  minutesMs,
)

test(
  'the example of the README runs on the packed packages, also without types',
  async () => {
    const folder = await emptyProject('all')
    await install(folder, [...tarballs.values()])
    const installed = await manifestsIn(join(folder, 'node_modules'))
    const withScripts = installed.filter(({ scripts }) => hasInstallScript(scripts)).map(({ name }) => name)
    expect(withScripts.toSorted()).toEqual(broughtByBrokers)
    const example = /```ts\n(?<code>[\s\S]*?)```/.exec(textOf('README.md'))?.groups?.['code'] ?? ''
    expect(example).toContain('createBot')
    expect(await runModule(folder, example)).toBe('Hello! How can I help?\n')
  },
  minutesMs,
)

const chromium = chromiumForTests('the packed transport-webjs')

test.skipIf(chromium === undefined)(
  'WhatsApp Web is reached by the packed transport, whose installation runs no script and downloads no browser',
  async () => {
    const folder = await emptyProject('webjs')
    const names = ['core', 'testing', 'transport-kit', 'transport-webjs']
    await install(
      folder,
      names.map((name) => tarballs.get(`@wa-agent/${name}`) ?? ''),
    )
    const installed = await manifestsIn(join(folder, 'node_modules'))
    expect(installed.map(({ name }) => name)).toContain('puppeteer-core')
    expect(installed.map(({ name }) => name)).not.toContain('puppeteer')
    expect(installed.filter(({ scripts }) => hasInstallScript(scripts)).map(({ name }) => name)).toEqual([])
    const vendor = join(folder, 'node_modules', '@wa-agent', 'transport-webjs', 'dist', 'vendor')
    expect(await readFile(join(vendor, 'LICENSE'), 'utf8')).toMatch(/Apache License/)
    expect(await runModule(folder, tryWhatsAppWeb)).toBe('sent, as the customer sees: Hello!\n')
  },
  minutesMs,
)

const tryPipeline = `
import { createPipeline, defineAgent } from '@wa-agent/core'
const hello = defineAgent({
  name: 'hello',
  description: 'Says hello.',
  intents: { greeting: { examples: ['hello', 'hi', 'good morning'] } },
  respond: ({ reply }) => reply.text('Hello!'),
})
const message = { type: 'text', id: '1', chat: 'anna', from: { id: 'anna', aliases: [] }, fromMe: false, isGroup: false, sentAtMs: 0, text: 'hello' }
const { replies } = await createPipeline({ agents: [hello] }).run({ messages: [message] })
console.log(replies[0].text)
`

const tryTelemetry = `
import { createBot, createPipeline, defineAgent, describeError, memoryStorage } from '@wa-agent/core'
const agent = defineAgent({ name: 'hello', description: 'Says hello.', respond: ({ reply }) => reply.text('Hello!') })
const telemetry = { tracerProvider: { getTracer: () => ({}) } }
const pipeline = createPipeline({ agents: [agent] })
await createBot({ transports: [], storage: memoryStorage(), pipeline, telemetry })
  .start()
  .catch((error) => console.log(describeError(error)))
`

const tryOpenai = `
import { describeError } from '@wa-agent/core'
import { openaiModel } from '@wa-agent/core/openai'
const model = openaiModel({ apiKey: 'none' })
const request = { purpose: 'respond', instructions: '', messages: [{ role: 'user', text: 'hello' }] }
await model.generate(request, { signal: new AbortController().signal }).catch((error) => console.log(describeError(error)))
`

const tryWhatsAppWeb = `
import { recordingHost } from '@wa-agent/testing'
import { startWhatsAppWeb } from '@wa-agent/testing/whatsapp-web'
import { webjsTransport } from '@wa-agent/transport-webjs'
const web = await startWhatsAppWeb({ pair: 'at-once', minifiedKey: true })
const transport = webjsTransport({ browserArgs: web.browserArgs, onQr() {}, typing: false })
const connected = new Promise((resolve) => transport.on('state-changed', ({ to }) => to === 'connected' && resolve()))
await transport.start(recordingHost())
await connected
const delivery = { id: 'r1', chat: '15550002222@c.us', message: { type: 'text', text: 'Hello!' }, inReplyTo: [], attempt: 1 }
const { status } = await transport.send(delivery, { signal: new AbortController().signal })
console.log(status + ', as the customer sees: ' + web.sent[0].text)
await transport.stop()
await web.close()
`

/** What the build needs: sources and configuration are copied, tools are linked, our own packages lead to the copy. */
async function copyForBuild(copy: string): Promise<void> {
  await mkdir(copy)
  for (const entry of ['packages', 'scripts', 'package.json', 'tsconfig.base.json', 'tsconfig.build.json']) {
    await cp(join(root, entry), join(copy, entry), {
      recursive: true,
      filter: (path) => !/[\\/](node_modules|dist)$/.test(path),
    })
  }
  const modules = join(copy, 'node_modules')
  await mkdir(join(modules, '@wa-agent'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name.startsWith('@wa-agent') || name === '.package-lock.json') continue
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
  for (const folder of packageFolders()) {
    await symlink(join(copy, folder), join(modules, manifestOf(folder).name), 'junction')
    // What npm could not put beside the others.
    const own = join(root, folder, 'node_modules')
    if (existsSync(own)) await symlink(own, join(copy, folder, 'node_modules'), 'junction')
  }
}

async function emptyProject(name: string): Promise<string> {
  const folder = join(work, name)
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
  return folder
}

/** A registry that cannot be reached is tried again soon: npm then says why within the time of the test. */
const impatiently = ['--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=2000']

async function install(folder: string, packages: readonly string[]): Promise<void> {
  expect(packages.length).toBeGreaterThan(0)
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await npm(['install', ...quietly, ...impatiently, ...packages], folder)
}

async function runModule(folder: string, code: string): Promise<string> {
  await writeFile(join(folder, 'example.mjs'), code)
  const { stdout } = await run(process.execPath, ['example.mjs'], { cwd: folder })
  return stdout
}

function npm(parameters: readonly string[], cwd: string) {
  return run(isWindows ? 'npm.cmd' : 'npm', parameters, { cwd })
}

/**
 * How this machine reaches the registry. The global file has to be named: npm looks for it beside the Node that it runs
 * on, and below `npm test` that is the one the repository brings.
 */
const reaching = /^npm_config_(globalconfig|userconfig|cache|registry|cafile|strict_ssl|(https_|no)?proxy)$/i

/** The environment of an ordinary command line: nothing of the `npm test` around us. */
function ordinaryEnv() {
  const around = /^(npm_|NODE_OPTIONS$|NODE_ENV$|VITEST)/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => reaching.test(name) || !around.test(name)))
}

interface Where {
  readonly cwd: string
  readonly PATH?: string
}

async function run(command: string, parameters: readonly string[], { cwd, ...path }: Where) {
  const options = { cwd, env: { ...ordinaryEnv(), ...path }, shell: isWindows, maxBuffer: 2 ** 26 }
  try {
    return await exec(command, [...parameters], options)
  } catch (error) {
    // Compilers tell what is wrong on their standard output.
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error([`${command} ${parameters.join(' ')} failed`, stdout, stderr].join('\n'), { cause: error })
  }
}

/** npm prints a list of what it packed; newer versions an object by package name. */
function filenameIn(json: string): string {
  const packed = JSON.parse(json) as Readonly<Record<string, { readonly filename: string }>>
  return Object.values(packed)[0]?.filename ?? ''
}

interface Installed {
  readonly name: string
  readonly scripts?: Readonly<Record<string, string>>
}

/** The manifests of all installed packages, nested ones included. */
async function manifestsIn(modules: string): Promise<Installed[]> {
  const found: Installed[] = []
  for (const name of await readdir(modules).catch(() => [])) {
    if (name.startsWith('.')) continue
    if (name.startsWith('@')) {
      found.push(...(await manifestsIn(join(modules, name))))
      continue
    }
    const manifest = await readFile(join(modules, name, 'package.json'), 'utf8')
    found.push(JSON.parse(manifest) as Installed, ...(await manifestsIn(join(modules, name, 'node_modules'))))
  }
  return found
}

const hasInstallScript = (scripts: Installed['scripts'] = {}): boolean =>
  Object.keys(scripts).some((name) => /^(pre|post)?install$/.test(name))

/** What it takes on the disk. */
async function sizeOf(path: string): Promise<number> {
  const entry = await lstat(path)
  const own = isWindows ? entry.size : entry.blocks * 512
  if (!entry.isDirectory()) return own
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, own)
}
