import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, textOf } from './files.ts'

// The image without Docker: the same scripts make the same folder, with the repository's own node_modules in place of a new install.

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-image-'))
const app = join(folder, 'app')
const posix = process.platform !== 'win32'

beforeAll(() => {
  node('deploy/docker/runtime-manifests.mjs', join(folder, 'manifests'))
  node('deploy/docker/compile.mjs', join(folder, 'manifests'), app)
  cpSync(join(root, 'deploy/docker/migrate.mjs'), join(app, 'migrate.mjs'))
  link('', ({ name }) => name !== '@wa-agent' && name !== '@wa-agent-examples')
  for (const place of ['packages', 'examples']) {
    for (const workspace of readdirSync(join(app, place))) {
      const { name } = JSON.parse(readFileSync(join(app, place, workspace, 'package.json'), 'utf8')) as { name: string }
      mkdirSync(join(app, 'node_modules', name, '..'), { recursive: true })
      symlinkSync(join(app, place, workspace), join(app, 'node_modules', name))
      link(join(place, workspace), ({ name: entry }) => !entry.startsWith('.'))
    }
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

function node(...parameters: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, parameters, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${parameters[0]} failed: ${stderr}`)
}

/** What npm has installed below `place` of the repository is there below the same place of the image. */
function link(place: string, wanted: (entry: { readonly name: string }) => boolean): void {
  const from = join(root, place, 'node_modules')
  if (!existsSync(from)) return
  mkdirSync(join(app, place, 'node_modules'), { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true }).filter(wanted))
    symlinkSync(join(from, entry.name), join(app, place, 'node_modules', entry.name))
}

interface Running {
  readonly child: ChildProcess
  readonly port: number
}

/** The command and the environment of the Dockerfile. */
async function start(environment: Readonly<Record<string, string>>): Promise<Running> {
  const dockerfile = textOf('deploy/docker/Dockerfile')
  const [command = '', ...parameters] = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[]
  const [, options = ''] = /NODE_OPTIONS="([^"]+)"/.exec(dockerfile) ?? []
  expect(command).toBe('node')
  const child = spawn(process.execPath, parameters, {
    cwd: app,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      NODE_OPTIONS: options,
      NODE_DISABLE_COMPILE_CACHE: '1',
      HOST: '127.0.0.1',
      PORT: '0',
      ...environment,
    },
  })
  if (!child.stdout) throw new Error('The process has no output.')
  for await (const line of createInterface({ input: child.stdout })) {
    const { port } = JSON.parse(line) as { readonly port?: number }
    if (port === undefined) continue
    child.stdout.resume()
    return { child, port }
  }
  throw new Error('The process ended before it was ready.')
}

const transport = {
  TRANSPORTS: 'cloud-api',
  META_APP_SECRET: '0c9f4f5bd3a84c1e9d7b2a6f',
  META_VERIFY_TOKEN: 'violet-otter-19',
  META_ACCESS_TOKEN: 'no-such-token-19',
  META_PHONE_NUMBER_ID: '106540352242922',
  META_BASE_URL: 'http://127.0.0.1:9',
}

const healthcheck = (port: number) =>
  spawnSync('bash', ['deploy/docker/healthcheck.sh'], {
    cwd: root,
    env: { PATH: process.env['PATH'], PORT: String(port) },
  }).status

test.skipIf(!posix)(
  'what the image holds starts, answers its health check, and ends by itself at SIGTERM',
  async () => {
    const { child, port } = await start({ ...transport, DATABASE: join(folder, 'data', 'worker.db') })
    const ended = once(child, 'exit')
    try {
      expect(healthcheck(port)).toBe(0)
      expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200)
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended).toEqual([0, null])
    expect(healthcheck(port)).not.toBe(0)
  },
)

test('it holds JavaScript: no compiler is needed to start it', () => {
  const compiled = readdirSync(app, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /^(packages|examples)\b/.test(path) && !path.includes('node_modules'),
  )
  expect(compiled.filter((path) => path.endsWith('.js')).length).toBeGreaterThan(20)
  expect(compiled.filter((path) => path.endsWith('.ts'))).toEqual([])
  expect(compiled.filter((path) => /testing|webjs/.test(path))).toEqual([])
})

test('the migration says what it misses', () => {
  const { status, stderr } = spawnSync(process.execPath, ['migrate.mjs'], {
    cwd: app,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  })
  expect(status).toBe(1)
  expect(stderr).toBe('DATABASE_URL is missing: the PostgreSQL database to migrate.\n')
})
