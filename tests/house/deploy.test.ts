import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { smallFlags } from '../../bench/ingest-memory/measure.ts'
import { filesBelow, root, textOf } from './files.ts'

type Json = Readonly<Record<string, unknown>>

interface Service {
  readonly image?: string
  readonly command?: string | readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly healthcheck?: Json
  readonly restart?: string
  readonly deploy?: { readonly replicas?: number }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly mem_limit?: string
  readonly volumes?: readonly string[]
  readonly stop_grace_period?: string
  readonly [name: string]: unknown
}

const composeText = textOf('deploy/docker/docker-compose.yml')
const compose = parse(composeText, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Json
  readonly secrets: Json
}
const service = (name: string): Service => compose.services[name] ?? {}

/** The settings that the cloud worker knows, and of these what is secret. */
const settings = [...textOf('examples/cloud-worker/src/settings.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(
  ([, name = '']) => name,
)
const isSecret = (name: string) => /SECRET|TOKEN|PASSWORD|API_KEY|DATABASE_URL|REDIS_URL/.test(name)

/** Longer than the server and the bot take to stop, one after the other: 30 seconds each unless they are told otherwise. */
const slowestStopSeconds = 60

const stages = `\n${textOf('deploy/docker/Dockerfile').replace(/\\\n\s*/g, '')}`
  .split(/\n(?=FROM )/)
  .slice(1)
  .map((stage) => stage.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
const last = stages.at(-1) ?? []

test('the image is built in stages from one pinned base, and only the last one is shipped', () => {
  expect(stages.length).toBeGreaterThan(2)
  const version = /^ARG NODE_IMAGE=node:(\d+\.\d+\.\d+)-bookworm-slim$/m.exec(textOf('deploy/docker/Dockerfile'))?.[1]
  expect(version).toMatch(/^24\./)
  const names = stages.map(([from = '']) => / AS (\S+)$/.exec(from)?.[1])
  for (const [from = ''] of stages) {
    const base = from.split(' ')[1] ?? ''
    expect(base === `$${'{NODE_IMAGE}'}` || names.includes(base), from).toBe(true)
  }
  expect(names.at(-1)).toBeUndefined()
})

test('the image runs as nobody special, without a shell, and says how it is', () => {
  const only = (instruction: string) => last.filter((line) => line.startsWith(`${instruction} `))
  expect(only('USER')).toEqual(['USER 1000:1000'])
  expect(last.findIndex((line) => line.startsWith('USER'))).toBeGreaterThan(
    last.findLastIndex((line) => /^(COPY|RUN)/.test(line)),
  )
  expect(JSON.parse(only('CMD')[0]?.slice(4) ?? '')).toEqual(['node', 'examples/cloud-worker/dist/index.js'])
  expect(only('ENTRYPOINT')).toEqual([])
  expect(only('STOPSIGNAL')).toEqual(['STOPSIGNAL SIGTERM'])
  expect(only('HEALTHCHECK')[0]).toMatch(/ CMD \["bash", "\/app\/healthcheck\.sh"\]$/)
  expect(only('ENV')[0]).toMatch(/NODE_ENV=production .*--max-old-space-size-percentage=\d\d\b/)
})

test('no instruction of the image fetches from an address or holds a secret', () => {
  const lines = stages.flat()
  expect(lines.filter((line) => /^ADD |:latest\b|https?:\/\/|--(build-)?secret|curl|wget|apt-get/.test(line))).toEqual(
    [],
  )
  const named = lines.filter((line) => /^(ARG|ENV) /.test(line)).flatMap((line) => line.match(/[A-Z_]{3,}(?==)/g) ?? [])
  expect(named.length).toBeGreaterThan(2)
  expect(named.filter((name) => isSecret(name))).toEqual([])
})

/** Docker's rules: the last line that matches a path or a folder above it decides. */
function isIgnored(path: string): boolean {
  const above = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  return textOf('deploy/docker/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce((ignored, line) => {
      const pattern = line
        .replace(/^!?\/?/, '')
        .replace(/[.+]/g, '\\$&')
        .replaceAll('*', '[^/]*')
        .replace(/^(\[\^\/\]\*){2}\//, '(.*/)?')
      const matches = above.some((one) => new RegExp(`^${pattern}$`).test(one))
      return matches ? !line.startsWith('!') : ignored
    }, false)
}

test('the build sees sources and manifests, and neither secrets nor data', () => {
  const secret = ['.env', 'examples/cloud-worker/.env', 'deploy/docker/.env', 'deploy/docker/.env.example', '.npmrc']
  const data = [
    'data/worker.db',
    'examples/cloud-worker/data.db-wal',
    '.git/config',
    'node_modules/zod/index.js',
    '.ci/run',
  ]
  const other = [
    'README.md',
    'tests/house/deploy.test.ts',
    'packages/core/node_modules/x/index.js',
    'packages/core/dist/index.js',
  ]
  for (const path of [...secret, ...data, ...other]) expect(isIgnored(path), path).toBe(true)
  const needed = [
    'package.json',
    'package-lock.json',
    'examples/cloud-worker/src/index.ts',
    'examples/cloud-worker/package.json',
  ]
  for (const path of needed) expect(isIgnored(path), path).toBe(false)
  const copied = stages
    .flat()
    .flatMap((line) => (/^COPY (?!--)(.*) \S+$/.exec(line)?.[1] ?? '').split(' ').filter((path) => path.includes('/')))
  expect(copied.length).toBeGreaterThan(2)
  for (const path of copied) expect([path, filesBelow().includes(path), isIgnored(path)]).toEqual([path, true, false])
})

test('what is installed for the image is what the lock file has, without tools and browsers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-manifests-'))
  try {
    const { status, stderr } = spawnSync(process.execPath, ['deploy/docker/runtime-manifests.mjs', folder], {
      cwd: root,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    const manifests = filesBelowFolder(folder).map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')))
    const names = manifests.map(({ name }: { name: string }) => name)
    expect(names).toEqual(
      expect.arrayContaining([
        '@wa-agent-examples/cloud-worker',
        '@wa-agent/storage-postgres',
        '@wa-agent/queue-bullmq',
      ]),
    )
    for (const name of ['@wa-agent/testing', '@wa-agent/transport-webjs', '@wa-agent/cloud-client'])
      expect(names).not.toContain(name)
    const [{ devDependencies }] = manifests.filter(({ workspaces }: { workspaces?: unknown }) => workspaces)
    expect(Object.keys(devDependencies)).toEqual(['esbuild'])
    const others = manifests.filter(({ workspaces }: { workspaces?: unknown }) => !workspaces)
    expect(others.filter(({ devDependencies: found }) => found)).toEqual([])
    const locked = Object.keys((JSON.parse(textOf('package-lock.json')) as { packages: Json }).packages)
    const wanted = others.flatMap(({ dependencies, peerDependencies }) =>
      Object.keys({ ...dependencies, ...peerDependencies }),
    )
    expect(wanted).toContain('openai')
    expect(
      wanted.filter((name) => !names.includes(name) && !locked.some((path) => path.endsWith(`node_modules/${name}`))),
    ).toEqual([])
    expect(wanted.filter((name) => /puppeteer|whatsapp-web|vitest|typescript/.test(name))).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function filesBelowFolder(folder: string): string[] {
  const { stdout } = spawnSync(
    process.execPath,
    ['-p', `fs.globSync('**/package.json', { cwd: ${JSON.stringify(folder)} }).join('\\n')`],
    { encoding: 'utf8' },
  )
  return stdout.trim().split('\n')
}

test('docker-compose.yml is what the Compose Specification allows', () => {
  const schema = z.fromJSONSchema(JSON.parse(textOf('tests/house/fixtures/compose-spec.json')))
  expect(schema.safeParse(compose).error?.issues ?? []).toEqual([])
  const wrong = {
    ...compose,
    services: { ...compose.services, worker: { ...service('worker'), memory_limit: '512m' } },
  }
  expect(schema.safeParse(wrong).success).toBe(false)
})

test('two ingests and two workers run beside a database, a queue, a proxy and what watches them', () => {
  const names = ['proxy', 'ingest', 'worker', 'migrate', 'postgres', 'redis', 'prometheus', 'grafana']
  expect(Object.keys(compose.services).toSorted()).toEqual(names.toSorted())
  for (const role of ['ingest', 'worker']) {
    expect(service(role).deploy?.replicas).toBe(2)
    expect(service(role).environment).toMatchObject({ ROLE: role, QUEUE: 'bullmq' })
    expect(service(role)['init']).toBe(true)
    expect(service(role)['read_only']).toBe(true)
    expect(Number.parseInt(service(role).stop_grace_period ?? '', 10)).toBeGreaterThan(slowestStopSeconds)
  }
  expect([service('ingest').mem_limit, service('worker').mem_limit]).toEqual(['128m', '512m'])
  expect(service('ingest').environment?.['DATABASE_URL']).toBeUndefined()
  const redis = String(service('redis').command)
  for (const word of ['appendonly yes', 'maxmemory-policy noeviction', 'requirepass %s']) expect(redis).toContain(word)
})

test('every service has limits, comes back, and waits until what it needs is well', () => {
  for (const [name, { mem_limit, restart, image, healthcheck, depends_on = {}, ...rest }] of Object.entries(
    compose.services,
  )) {
    expect(mem_limit, name).toMatch(/^\d+[mg]$/)
    expect(restart, name).toMatch(/^(unless-stopped|on-failure:\d+)$/)
    expect(image, name).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*$/)
    if (!rest['build']) expect(healthcheck, name).toHaveProperty('test')
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(compose.services, name).toHaveProperty(other)
      expect(condition).not.toBe('service_started')
    }
  }
})

test('only the proxy is reached from outside', () => {
  const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${port}`),
  )
  expect(published.toSorted()).toEqual([
    'grafana 127.0.0.1:3000:3000',
    'prometheus 127.0.0.1:9090:9090',
    'proxy 443:443',
    'proxy 80:80',
  ])
})

test('every file and volume that a service mounts is there', () => {
  const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) =>
    volumes.map((one) => one.split(':')[0] ?? ''),
  )
  expect(mounted.length).toBeGreaterThan(8)
  for (const source of mounted) {
    if (!source.startsWith('.')) expect(compose.volumes).toHaveProperty(source)
    else
      expect(
        filesBelow('deploy').some((path) => path.startsWith(join('deploy/docker', source))),
        source,
      ).toBe(true)
  }
  expect(textOf('deploy/prometheus/prometheus.yml')).toContain(`/run/secrets/${Object.keys(compose.secrets)[0]}`)
})

test('no secret has a default: what is blank is refused by docker compose or by the process', () => {
  const variables = [...composeText.matchAll(/\$\{([A-Z_]+)(:[-?])?([^}]*)\}/g)].map(([, name = '', kind, rest]) => ({
    name,
    kind,
    rest,
  }))
  expect(variables.length).toBeGreaterThan(20)
  expect(
    variables.filter(({ name, kind, rest }) => isSecret(name) && !(kind === ':?' || (kind === ':-' && rest === ''))),
  ).toEqual([])
  const example = Object.fromEntries(
    textOf('deploy/docker/.env.example')
      .split('\n')
      .flatMap((line) =>
        [/^([A-Z_]+)=(.*)$/.exec(line)].flatMap((found) => (found ? [[found[1] ?? '', found[2] ?? '']] : [])),
      ),
  )
  expect(Object.keys(example).toSorted()).toEqual([...new Set(variables.map(({ name }) => name))].toSorted())
  expect(Object.entries(example).filter(([name, value]) => isSecret(name) && value !== '')).toEqual([])
})

const manifests = filesBelow('deploy/kubernetes')
  .filter((path) => !path.endsWith('kustomization.yaml'))
  .flatMap((path) => parseAllDocuments(textOf(path), { merge: true }).map((one) => one.toJS() as Manifest))
const kustomization = parse(textOf('deploy/kubernetes/kustomization.yaml')) as { readonly resources: readonly string[] }

interface Container {
  readonly name: string
  readonly command?: readonly string[]
  readonly env?: readonly { readonly name: string }[]
  readonly envFrom?: readonly Readonly<Record<string, { readonly name: string }>>[]
  readonly resources: { readonly requests: Json; readonly limits: Json }
  readonly securityContext: Json
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly [probe: string]: unknown
}

interface Probe {
  readonly httpGet: { readonly path: string }
}

interface PodSpec {
  readonly securityContext: Json
  readonly automountServiceAccountToken: boolean
  readonly terminationGracePeriodSeconds: number
  readonly topologySpreadConstraints: readonly Json[]
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec: {
    readonly template: { readonly spec: PodSpec }
    readonly triggers?: readonly { readonly metadata: { readonly query: string } }[]
  }
}

const ofKind = (kind: string) => manifests.filter((one) => one.kind === kind)
const pods = ofKind('Deployment').map(({ metadata, spec }) => ({ role: metadata.name, ...spec.template.spec }))

test('the manifests are what Kubernetes and KEDA allow', () => {
  const { kinds, definitions, $schema } = JSON.parse(textOf('tests/house/fixtures/kubernetes.json'))
  expect(manifests.length).toBeGreaterThan(8)
  for (const manifest of manifests) {
    const kind = `${manifest.apiVersion}/${manifest.kind}`
    expect(Object.keys(kinds)).toContain(kind)
    const schema = z.fromJSONSchema({ $schema, definitions, ...kinds[kind] })
    expect(schema.safeParse(manifest).error?.issues ?? [], `${kind} ${manifest.metadata.name}`).toEqual([])
    expect(schema.safeParse({ ...manifest, spce: {} }).success, kind).toBe(false)
  }
})

test('kustomize applies everything but the secrets, which only have a template', () => {
  const files = filesBelow('deploy/kubernetes').map((path) => path.replace('deploy/kubernetes/', ''))
  const applied = [...kustomization.resources, 'kustomization.yaml', 'secret.template.yaml']
  expect(applied.toSorted()).toEqual(files.toSorted())
  const values = ofKind('Secret').flatMap(({ stringData = {} }) => Object.values(stringData))
  expect(values.length).toBeGreaterThan(4)
  expect(values.filter((value) => value !== '')).toEqual([])
  for (const { data = {} } of ofKind('ConfigMap'))
    expect(Object.keys(data).filter((name) => isSecret(name))).toEqual([])
})

test('probes ask the routes that the server has', () => {
  const routes = textOf('packages/server/src/app.ts')
  expect(pods.map(({ role }) => role)).toEqual(['ingest', 'worker'])
  for (const { containers } of pods) {
    const [container] = containers
    const path = (probe: string) => (container?.[probe] as Probe | undefined)?.httpGet.path
    expect([path('startupProbe'), path('livenessProbe'), path('readinessProbe')]).toEqual([
      '/health',
      '/health',
      '/ready',
    ])
    for (const one of ['/health', '/ready']) expect(routes).toContain(`'${one}'`)
  }
  expect(textOf('deploy/docker/healthcheck.sh')).toContain('GET /health HTTP/1.1')
  const probed = [...textOf('deploy/cloud-run/deploy.sh').matchAll(/probe=httpGet\.path=([^, ]+)/g)].map(
    ([, path]) => path,
  )
  expect([...new Set(probed)]).toEqual(['/health'])
  expect(textOf('deploy/cloud-run/deploy.sh')).toContain('$worker_url/pubsub')
  expect(routes).toContain("'/pubsub'")
})

test('pods are not root, write nowhere, and have the time to finish', () => {
  for (const { role, containers, initContainers = [], ...spec } of pods) {
    expect(spec.securityContext, role).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    expect(spec.automountServiceAccountToken).toBe(false)
    for (const container of [...containers, ...initContainers]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.resources.requests).toHaveProperty('memory')
      expect(container.resources.limits).toHaveProperty('memory')
    }
    const waited = containers[0]?.lifecycle?.preStop.exec.command.at(-1)
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(slowestStopSeconds + Number(waited))
    expect(spec.topologySpreadConstraints).toHaveLength(2)
    for (const kind of ['Service', 'PodDisruptionBudget'])
      expect(ofKind(kind).map(({ metadata }) => metadata.name)).toContain(role)
  }
  expect(pods.map(({ initContainers = [] }) => initContainers.map(({ command }) => String(command)))).toEqual([
    [],
    ['node,migrate.mjs'],
  ])
})

test('workers are as many as their work wants, by metrics that are exported', () => {
  const metrics = ofKind('ScaledObject')
    .flatMap(({ spec }) => spec.triggers ?? [])
    .flatMap(({ metadata }) => metadata.query.match(/wa_agent_\w+/g) ?? [])
  const exported = textOf('packages/core/src/telemetry/metric-list.ts')
  expect(metrics.toSorted()).toEqual(['wa_agent_pending_messages', 'wa_agent_queue_depth'])
  for (const name of metrics) expect(exported).toContain(`  ${name}: {`)
  expect(ofKind('HorizontalPodAutoscaler').map(({ metadata }) => metadata.name)).toEqual(['ingest'])
})

test('every setting that a deployment makes is one, and every other one is spoken of in docs/deploy.md', () => {
  expect(settings.length).toBeGreaterThan(40)
  const inCompose = ['ingest', 'worker', 'migrate'].flatMap((name) => Object.keys(service(name).environment ?? {}))
  const inPods = [
    ...pods.flatMap(({ containers, initContainers = [] }) =>
      [...containers, ...initContainers].flatMap(({ env = [] }) => env.map(({ name }) => name)),
    ),
    ...[...ofKind('ConfigMap'), ...ofKind('Secret')].flatMap(({ data, stringData }) =>
      Object.keys({ ...data, ...stringData }),
    ),
  ]
  const script = textOf('deploy/cloud-run/deploy.sh')
  const inScript = [
    ...[...script.matchAll(/^(?:\w+_secrets|\w+_plain)=\(([^)]*)\)/gm)].flatMap(
      ([, list = '']) => list.match(/\b[A-Z][A-Z_]+\b/g) ?? [],
    ),
    ...[...script.matchAll(/[|"^]([A-Z_]+)=/g)].map(([, name = '']) => name),
  ]
  for (const [where, names] of Object.entries({ inCompose, inPods, inScript })) {
    expect(names.length, where).toBeGreaterThan(5)
    expect(
      names.filter((name) => !settings.includes(name)),
      where,
    ).toEqual([])
  }
  const page = textOf('docs/deploy.md')
  const known = new Set([...inCompose, ...inScript])
  expect(settings.filter((name) => !known.has(name) && !page.includes(`\`${name}\``))).toEqual([])
})

test('ingests are started to be small, everywhere', () => {
  const command = ['node', ...smallFlags, 'examples/cloud-worker/dist/index.js']
  expect(service('ingest').command).toEqual(command)
  const [pod] = pods.filter(({ containers: [container] }) => container?.name === 'ingest')
  expect(pod?.containers[0]?.command).toEqual(command)
  expect(textOf('deploy/cloud-run/deploy.sh')).toContain(`--command=node "--args=${command.slice(1).join(',')}"`)
  expect(textOf('deploy/docker/Dockerfile')).toContain('CMD ["node", "examples/cloud-worker/dist/index.js"]')
})
