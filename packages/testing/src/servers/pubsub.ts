import { type ChildProcess, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'

/** An emulator of Google Cloud Pub/Sub for one test file. */
export interface TestPubsub extends AsyncDisposable {
  /** Host and port, as `PUBSUB_EMULATOR_HOST` has them. */
  readonly host: string
  /** A project of the test's own, so that test files do not meet. */
  readonly projectId: string
}

/** An emulator of the test's own, which it may stop and freeze. */
export interface OwnPubsub extends TestPubsub {
  /** It answers nobody, but its connections stay open. */
  freeze(): void
  thaw(): void
}

const libraries = '/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib'
const program = 'java'
const jarName = /^cloud-pubsub-emulator-.*\.jar$/
/** A Java program on a busy machine. */
const startTimeoutMs = 60_000

/**
 * The emulator that `PUBSUB_EMULATOR_HOST` names, else one that is started for this test file. `undefined`, with a notice,
 * where the machine has none, so that its tests can be skipped.
 */
export async function pubsubForTests(): Promise<TestPubsub | undefined> {
  const named = process.env['PUBSUB_EMULATOR_HOST']
  if (named) return { host: named, projectId: ownProject(), [Symbol.asyncDispose]: async () => undefined }
  return startPubsub()
}

/** Starts an emulator on a free port. `undefined`, with a notice, where the machine has none or no `java`. */
export async function startPubsub(): Promise<OwnPubsub | undefined> {
  const jar = await findJar()
  if (!jar) return missing()
  const port = await freePort()
  const environment = { ...process.env, METADATA_SERVER_DETECTION: 'none' }
  const child = spawn(program, ['-jar', jar, '--host=127.0.0.1', `--port=${port}`], {
    stdio: 'ignore',
    env: environment,
  })
  try {
    await answered(child, port)
  } catch (error) {
    await ended(child)
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return missing()
    throw error
  }
  return {
    host: `127.0.0.1:${port}`,
    projectId: ownProject(),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => ended(child),
  }
}

async function findJar(): Promise<string | undefined> {
  const files = await readdir(libraries).catch(() => [])
  const name = files.filter((file) => jarName.test(file)).at(-1)
  return name === undefined ? undefined : join(libraries, name)
}

function missing(): undefined {
  const advice = 'Install google-cloud-cli-pubsub-emulator and java, or set PUBSUB_EMULATOR_HOST.'
  process.stderr.write(`No Pub/Sub emulator was found: the tests that need one are skipped. ${advice}\n`)
  return undefined
}

async function answered(child: ChildProcess, port: number): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the Pub/Sub emulator ended with ${code}`)))
  })
  failed.catch(() => undefined)
  const giveUpAtMs = Date.now() + startTimeoutMs
  // Nothing tells when it listens; it is asked until it answers.
  while (!(await Promise.race([answers(port), failed]))) {
    if (Date.now() > giveUpAtMs) throw new Error(`the Pub/Sub emulator did not answer within ${startTimeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function answers(port: number): Promise<boolean> {
  const path = `http://127.0.0.1:${port}/v1/projects/any-project/topics`
  return fetch(path, { signal: AbortSignal.timeout(1000) }).then(
    async (response) => (await response.text()) !== undefined && response.ok,
    () => false,
  )
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGCONT')
  child.kill('SIGKILL')
  await exited
}

function ownProject(): string {
  return `test-${Math.random().toString(36).slice(2, 10)}`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
