import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './files.ts'

/** Stands in for gcloud: writes down its arguments and what it is given to read, and remembers what was made. */
const gcloud = `#!/bin/bash
printf '%s\\n' "$*" >>"$FAKE/calls"
key() { printf '%s' "$*" | tr -c 'A-Za-z0-9@.-' '_'; }
case "$*" in
  'projects describe '*) echo 123456789012 ;;
  'secrets versions access latest --secret='*)
    name=\${5#--secret=}; cat "$FAKE/secret-$name" 2>/dev/null || exit 1 ;;
  'secrets versions add '*) cat >"$FAKE/secret-$4" ;;
  *' describe '*)
    while [[ $1 != describe ]]; do kind+="$1-"; shift; done
    [[ -e "$FAKE/made-$kind$(key "\${2%%@*}")" ]] ;;
  *' create '*)
    while [[ $1 != create ]]; do kind+="$1-"; shift; done
    : >"$FAKE/made-$kind$(key "$2")" ;;
esac
`

const secrets = {
  META_APP_SECRET: 'app-secret-91c2',
  META_VERIFY_TOKEN: 'violet otter 19',
  META_ACCESS_TOKEN: 'token|with,signs=$(id)`id`',
  DATABASE_URL: 'postgres://shop:hunter-7d1e@db.example.com:5432/shop?sslmode=verify-full',
  ADMIN_API_KEY: '6f0d3c5b9a7e4812',
  OPENAI_API_KEY: 'sk-5d8f0a1b',
}

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wa-agent-cloud-run-'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'gcloud'), gcloud)
  chmodSync(join(folder, 'bin', 'gcloud'), 0o755)
  writeSettings(secrets)
})
afterEach(() => rmSync(folder, { recursive: true }))

function writeSettings(values: Readonly<Record<string, string>>): void {
  const lines = Object.entries(values).map(
    ([name, value]) => `${name}=${name === 'META_VERIFY_TOKEN' ? `"${value}"` : value}`,
  )
  const plain = [
    '# A comment',
    'TRANSPORTS=cloud-api',
    'META_PHONE_NUMBER_ID=106540352242922',
    'MAYTAPI_API_KEY=',
    'REDIS_URL=',
  ]
  writeFileSync(join(folder, '.env'), [...plain, ...lines, ''].join('\n'))
}

function deploy(...more: readonly string[]) {
  writeFileSync(join(folder, 'calls'), '')
  const place = ['--project', 'my-project', '--region', 'europe-west1', '--env-file', join(folder, '.env')]
  const { status, stdout, stderr } = spawnSync('bash', ['deploy/cloud-run/deploy.sh', ...place, ...more], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, FAKE: folder },
  })
  const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n').filter(Boolean)
  return { status, stdout, stderr, calls }
}

const posix = test.skipIf(process.platform === 'win32')

posix('a dry run executes nothing and prints every command', () => {
  const { status, stdout, stderr, calls } = deploy('--dry-run')
  expect([status, stderr]).toEqual([0, ''])
  expect(calls).toEqual([])
  const lines = stdout.trim().split('\n')
  expect(lines.filter((line) => !line.startsWith('gcloud '))).toEqual([])
  for (const part of [
    'builds submit',
    'run deploy wa-agent-ingest',
    'run deploy wa-agent-worker',
    'pubsub subscriptions create',
  ])
    expect(lines.filter((line) => line.includes(part)).length, part).toBeGreaterThan(0)
})

posix('a dry run shows what a first run does, and a second run makes nothing again', () => {
  const image = ['--image', 'example.com/wa-agent:1']
  const shown = deploy(...image, '--dry-run')
    .stdout.trim()
    .split('\n')
  const first = deploy(...image)
  expect([first.status, first.stderr]).toEqual([0, ''])
  const asks = / describe | access /
  const plain = (line: string) => line.replaceAll('\\', '').replaceAll('000000000000', '123456789012').trim()
  expect(first.calls.filter((call) => !asks.test(call))).toEqual(
    shown.map((line) => plain(line).replace('gcloud ', '')),
  )

  const second = deploy(...image)
  expect([second.status, second.stderr]).toEqual([0, ''])
  expect(second.calls.filter((call) => / create | versions add /.test(call))).toEqual([])
  expect(second.calls.filter((call) => call.includes('subscriptions update'))).toHaveLength(1)
  expect(second.calls.filter((call) => call.startsWith('run deploy'))).toHaveLength(2)
})

posix('a secret goes by standard input alone, as it is, and a changed one becomes a new version', () => {
  for (const run of [deploy('--dry-run'), deploy('--image', 'example.com/wa-agent:1')]) {
    const seen = [...run.calls, run.stdout, run.stderr].join('\n')
    for (const [name, value] of Object.entries(secrets)) expect(seen.includes(value), name).toBe(false)
    expect(seen.includes('hunter-7d1e')).toBe(false)
  }
  for (const [name, value] of Object.entries(secrets))
    expect(readFileSync(join(folder, `secret-${name}`), 'utf8')).toBe(value)

  writeSettings({ ...secrets, OPENAI_API_KEY: 'sk-another-one' })
  const added = deploy('--image', 'example.com/wa-agent:1').calls.filter((call) => call.includes('versions add'))
  expect(added).toEqual(['secrets versions add OPENAI_API_KEY --data-file=- --project=my-project'])
})

posix('both services get their size, and each account only what it needs', () => {
  const { calls } = deploy('--image', 'example.com/wa-agent:1')
  const service = (name: string) => calls.find((call) => call.startsWith(`run deploy ${name} `)) ?? ''
  expect(service('wa-agent-ingest')).toMatch(/--memory=512Mi --cpu=1 --min-instances=1 --max-instances=20 /)
  expect(service('wa-agent-worker')).toMatch(
    /--memory=1Gi --cpu=2 --min-instances=1 --max-instances=15 .*--timeout=900 --no-cpu-throttling .*--ingress=internal /,
  )
  expect(service('wa-agent-ingest')).not.toMatch(/DATABASE_URL|OPENAI|ADMIN_API_KEY|PUSH/)
  expect(service('wa-agent-worker')).toContain('DATABASE_URL=DATABASE_URL:latest')
  expect(service('wa-agent-worker')).toContain(
    '|PUBSUB_PUSH_AUDIENCE=https://wa-agent-worker-123456789012.europe-west1.run.app|',
  )

  const granted = calls.filter((call) => call.includes('add-iam-policy-binding'))
  const of = (account: string) =>
    granted
      .filter((call) => call.includes(`serviceAccount:${account}@`))
      .map((call) => / --role=roles\/(\S+)/.exec(call)?.[1])
  expect(new Set(of('wa-agent-ingest'))).toEqual(new Set(['secretmanager.secretAccessor', 'pubsub.publisher']))
  expect(of('wa-agent-ingest')).toHaveLength(4)
  expect(of('wa-agent-push')).toEqual([])
  // Workers pause by their database, and change no subscription.
  const ofWorker = ['secretmanager.secretAccessor', 'pubsub.publisher', 'pubsub.subscriber', 'pubsub.viewer']
  expect(new Set(of('wa-agent-worker'))).toEqual(new Set(ofWorker))
  // Nothing is granted for the whole project.
  expect(granted.filter((call) => call.startsWith('projects '))).toEqual([])
})

posix('the subscription pushes in order, with a token, and never forgets; it is there before the first message', () => {
  const { calls } = deploy('--image', 'example.com/wa-agent:1')
  const subscription = 'whatsapp-prop8t-message-processing-sub'
  const made = calls.find((call) => call.startsWith(`pubsub subscriptions create ${subscription} `)) ?? ''
  for (const part of [
    '--topic=whatsapp-prop8t-message-processing --enable-message-ordering ',
    '--push-endpoint=https://wa-agent-worker-123456789012.europe-west1.run.app/pubsub ',
    '--push-auth-service-account=wa-agent-push@my-project.iam.gserviceaccount.com ',
    '--dead-letter-topic=whatsapp-prop8t-message-processing-dead ',
    '--expiration-period=never ',
  ])
    expect(made).toContain(part)
  const order = [
    'run deploy wa-agent-worker',
    `pubsub subscriptions create ${subscription} `,
    'run deploy wa-agent-ingest',
  ]
  const places = order.map((start) => calls.findIndex((call) => call.startsWith(start)))
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places).not.toContain(-1)
})

posix('what is missing or misspelt is said before anything is done', () => {
  for (const [arguments_, words] of [
    [['--nonsense'], 'There is no --nonsense'],
    [['--image'], '--image needs a value'],
    [['--env-file', join(folder, 'none')], 'that can be read'],
  ] as const) {
    const { status, stderr, calls } = deploy(...arguments_)
    expect([status, calls]).toEqual([2, []])
    expect(stderr).toContain(words)
  }
  writeSettings({ ...secrets, DATABASE_URL: '' })
  const { status, stderr, calls } = deploy()
  expect([status, calls]).toEqual([2, []])
  expect(stderr).toContain('DATABASE_URL is missing')
})

const bash = (command: string) => spawnSync('bash', ['-c', command], { cwd: root, encoding: 'utf8' })

test.skipIf(bash('command -v shellcheck').status !== 0)('shellcheck finds nothing in the scripts', () => {
  const { status, stdout } = bash('shellcheck deploy/cloud-run/deploy.sh deploy/docker/healthcheck.sh')
  expect([status, stdout]).toEqual([0, ''])
})

posix('the topic and the subscription are those of the file; metrics that nobody could read are named', () => {
  writeSettings({ ...secrets, PUBSUB_TOPIC: 'shop-mail', PUBSUB_SUBSCRIPTION: 'shop-pull', METRICS: 'true' })
  const { stderr, calls } = deploy('--image', 'example.com/wa-agent:1')
  expect(stderr).toBe('METRICS is left out: on Cloud Run watch what docs/deploy.md names.\n')
  for (const made of ['topics create shop-mail', 'topics create shop-mail-dead', 'subscriptions create shop-pull '])
    expect(calls.filter((call) => call.startsWith(`pubsub ${made}`.trim())).length, made).toBeGreaterThan(0)
  const runs = calls.filter((call) => call.startsWith('run deploy'))
  for (const run of runs) expect(run).toContain('|PUBSUB_TOPIC=shop-mail|PUBSUB_SUBSCRIPTION=shop-pull|')
  expect(calls.join('\n')).not.toContain('whatsapp-prop8t')
})
