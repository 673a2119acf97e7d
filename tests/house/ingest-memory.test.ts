import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { postgresForTests, redisForTests } from '@wa-agent/testing/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGoogleStandIn } from '../../bench/ingest-memory/google-stand-in.ts'
import { type Keeper, serve, smallFlags, startIngest } from '../../bench/ingest-memory/measure.ts'
import { manifestOf, root } from './files.ts'

const exec = promisify(execFile)
const minutesMs = 180_000
const promisedMb = 100
const built = [
  'core',
  'server',
  'transport-kit',
  'transport-cloud-api',
  'queue-bullmq',
  'queue-pubsub',
  'storage-postgres',
].map((name) => `packages/${name}`)

const isMeasurable = process.platform === 'linux'
const redis = isMeasurable ? await redisForTests() : undefined
const postgres = isMeasurable ? await postgresForTests() : undefined
const google = await startGoogleStandIn()

/** Packages as they are published: what strips types from sources takes 40 MB itself. */
let work: string
let program: string

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'wa-agent-ingest-memory-'))
  const modules = join(work, 'node_modules')
  await mkdir(join(modules, '@wa-agent'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@wa-agent' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  for (const folder of built) await build(folder, join(modules, manifestOf(folder).name))
  program = join(work, 'ingest.mjs')
  await copyFile(join(root, 'bench/ingest-memory/ingest.mjs'), program)
}, minutesMs)

afterAll(async () => {
  await redis?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
  await google[Symbol.asyncDispose]()
  await rm(work, { recursive: true, force: true })
}, minutesMs)

test.skipIf(!redis)('an ingest with BullMQ that has little to do stays below 100 MB', () =>
  small({ keeper: 'bullmq', url: redis?.url ?? '', name: redis?.prefix ?? '' }),
)

test.skipIf(!isMeasurable)('an ingest with Pub/Sub that has little to do stays below 100 MB', () =>
  small({ keeper: 'pubsub', url: google.url, name: 'house' }),
)

test.skipIf(!postgres)('an ingest with PostgreSQL that has little to do stays below 100 MB', () =>
  small({ keeper: 'postgres', url: postgres?.url ?? '', name: 'house' }),
)

/** What an ingest loads late, it has loaded after probes and some webhooks. */
async function small(keeper: Keeper): Promise<void> {
  await using ingest = await startIngest({ program, keeper, flags: smallFlags })
  await serve(ingest.port, { webhooks: 20, atOnce: 1 })
  expect(ingest.megabytes()).toBeLessThan(promisedMb)
}

/** Into a folder of its own, so that no other build is in the way. */
async function build(folder: string, target: string): Promise<void> {
  const sources = Object.values(manifestOf(folder).exports ?? {}).map(
    (conditions) => conditions['@wa-agent/source'] ?? '',
  )
  const entries = sources.map((source) => `--entry.${source.replace('./src/', '').replace(/\.ts$/, '')}=${source}`)
  const tsup = join(root, 'node_modules/tsup/dist/cli-default.js')
  const settings = ['--config', join(root, 'scripts/tsup.config.ts'), '--out-dir', join(target, 'dist')]
  await mkdir(target)
  await exec(process.execPath, [tsup, ...entries, ...settings], { cwd: join(root, folder) })
  await copyFile(join(root, folder, 'package.json'), join(target, 'package.json'))
  // What npm could not put beside the others.
  const own = join(root, folder, 'node_modules')
  if (existsSync(own)) await symlink(own, join(target, 'node_modules'))
}
