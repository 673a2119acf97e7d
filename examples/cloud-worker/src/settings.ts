import { checkSecret, looksDefault } from '@wa-agent/server'
import { z } from 'zod'

/** `desktop` is WhatsApp Web on the PCs of many businesses: each is a tenant with a key of its own. */
export const transportNames = ['cloud-api', 'maytapi', 'aisensy', 'spoki', 'desktop'] as const
export type TransportName = (typeof transportNames)[number]

const optional = z.string().optional()
const url = z
  .url({ protocol: /^https?$/ })
  .refine(isPlain, { error: 'Expected an address without a user, ? and #' })
  .optional()
/** Says nothing of what was given: it may hold a password. */
function addressOf(...protocols: readonly string[]) {
  const isOne = (value: string) =>
    protocols.some((protocol) => value.startsWith(`${protocol}://`) && value.length > `${protocol}://`.length)
  const escaped = 'write signs in the password as %23 for # and %40 for @'
  return z
    .string()
    .refine(isOne, { error: `Expected an address that begins with ${protocols[0]}://`, abort: true })
    .refine(URL.canParse, { error: `Expected ${protocols[0]}://user:password@host:port; ${escaped}` })
    .optional()
}
const digits = z.string().regex(/^\d+$/, 'Expected digits').optional()
const onByDefault = z.stringbool({ error: 'Expected true or false' }).default(true)

/** `all` receives and answers in one process; the others are many processes that do one of both. */
export const roles = ['all', 'ingest', 'worker'] as const
/** What brings work from ingests to workers; with `none` the ingests write into the database of the workers. */
export const queues = ['memory', 'bullmq', 'pubsub', 'none'] as const
const count = z.coerce.number({ error: 'Expected a whole number above 0' }).int().min(1)
const pubsubName = z
  .string()
  .regex(/^(?!goog)[a-z][\w.~+%-]{2,249}$/i, 'Expected 3 to 250 letters, digits and -._~+%, a letter first, not "goog"')
const offByDefault = z.stringbool({ error: 'Expected true or false' }).default(false)

const nameOne = `Name at least one of ${transportNames.join(', ')}`

/** The environment that this example knows; .env.example explains each. */
const environmentSchema = z.object({
  TRANSPORTS: z.string({ error: nameOne }),
  PORT: z.coerce.number({ error: 'Expected a number from 0 to 65535' }).int().min(0).max(65535).default(8080),
  HOST: z.string().default('0.0.0.0'),
  ROLE: z.enum(roles, { error: `Expected one of ${roles.join(', ')}` }).default('all'),
  QUEUE: z.enum(queues, { error: `Expected one of ${queues.join(', ')}` }).default('memory'),
  REDIS_URL: addressOf('redis', 'rediss'),
  PUBSUB_PROJECT: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.:-]*$/, 'Expected small letters, digits and hyphens')
    .optional(),
  PUBSUB_TOPIC: pubsubName.default('whatsapp-prop8t-message-processing'),
  PUBSUB_SUBSCRIPTION: pubsubName.default('whatsapp-prop8t-message-processing-sub'),
  PUBSUB_CREATE: offByDefault,
  PUBSUB_PUSH_AUDIENCE: optional,
  PUBSUB_PUSH_ACCOUNT: optional,
  PUBSUB_PUSH_ENDPOINT: url,
  WORKER_CONCURRENCY: count.default(10),
  DATABASE: z.string().default('data/worker.db'),
  DATABASE_URL: addressOf('postgres', 'postgresql'),
  DATABASE_POOL: count.default(10),
  METRICS: offByDefault,
  ADMIN_API_KEY: optional,
  TRUSTED_PROXIES: z.coerce.number({ error: 'Expected a number of proxies' }).int().min(0).default(0),
  WINDOW_TEMPLATE: optional,
  WINDOW_TEMPLATE_LANGUAGE: z.string().min(2).default('en'),
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: url,
  OPENAI_MODEL: optional,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  META_APP_SECRET: optional,
  META_VERIFY_TOKEN: optional,
  META_ACCESS_TOKEN: optional,
  META_PHONE_NUMBER_ID: digits,
  META_BASE_URL: url,
  MAYTAPI_PRODUCT_ID: optional,
  MAYTAPI_PHONE_ID: optional,
  MAYTAPI_API_KEY: optional,
  MAYTAPI_WEBHOOK_SECRET: optional,
  MAYTAPI_BASE_URL: url,
  MAYTAPI_HANDOFF: onByDefault,
  AISENSY_PROJECT_ID: optional,
  AISENSY_PROJECT_PASSWORD: optional,
  AISENSY_ACCESS_TOKEN: optional,
  AISENSY_WEBHOOK_SECRET: optional,
  AISENSY_BASE_URL: url,
  SPOKI_API_KEY: optional,
  SPOKI_WEBHOOK_SECRET: optional,
  SPOKI_BASE_URL: url,
  SPOKI_WINDOW_TEMPLATE: digits,
  SPOKI_HANDOFF: onByDefault,
})
type Environment = z.output<typeof environmentSchema>
type Name = keyof Environment

/** The settings, with their defaults. */
export interface Settings extends Omit<Environment, 'TRANSPORTS'> {
  readonly TRANSPORTS: readonly TransportName[]
}

/** One that `readSettings` has seen to be there. */
export function settingOf(settings: Settings, name: Exclude<keyof Settings, 'TRANSPORTS'>): string {
  const value = settings[name]
  if (typeof value === 'string') return value
  throw new Error(`${name} is missing.`)
}

/** What each transport cannot do without. */
const needs: Readonly<Record<TransportName, readonly Name[]>> = {
  'cloud-api': ['META_APP_SECRET', 'META_VERIFY_TOKEN', 'META_ACCESS_TOKEN', 'META_PHONE_NUMBER_ID'],
  maytapi: ['MAYTAPI_PRODUCT_ID', 'MAYTAPI_PHONE_ID', 'MAYTAPI_API_KEY', 'MAYTAPI_WEBHOOK_SECRET'],
  aisensy: ['AISENSY_PROJECT_ID', 'AISENSY_WEBHOOK_SECRET'],
  spoki: ['SPOKI_API_KEY', 'SPOKI_WEBHOOK_SECRET'],
  // Who makes the tenants.
  desktop: ['ADMIN_API_KEY'],
}

/** We choose them ourselves, and nothing else proves who calls: they are as strong as the server wants its keys. */
const chosenByUs = ['ADMIN_API_KEY', 'MAYTAPI_WEBHOOK_SECRET'] as const satisfies readonly Name[]
/** How long they are is up to whoever issues them. */
const issued = [
  ...['META_APP_SECRET', 'META_VERIFY_TOKEN', 'META_ACCESS_TOKEN', 'MAYTAPI_API_KEY', 'AISENSY_PROJECT_PASSWORD'],
  ...['AISENSY_ACCESS_TOKEN', 'AISENSY_WEBHOOK_SECRET', 'SPOKI_API_KEY', 'SPOKI_WEBHOOK_SECRET'],
] as const satisfies readonly Name[]
const shortestIssued = 6

/** Reads the settings; throws one error that names everything that is wrong or missing. */
export function readSettings(given: NodeJS.ProcessEnv): Settings {
  const environment = withOneToken(withoutBlanks(given))
  const result = environmentSchema.safeParse(environment)
  const problems = result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  const names = listOf(environment['TRANSPORTS'])
  const chosen = transportNames.filter((name) => names.includes(name))
  if (environment['TRANSPORTS'] && names.length === 0) problems.push(`TRANSPORTS: ${nameOne}`)
  for (const name of names) {
    if (!transportNames.some((other) => other === name))
      problems.push(`TRANSPORTS: there is no "${name}"; choose from ${transportNames.join(', ')}`)
  }
  problems.push(
    ...missing(chosen, environment),
    ...wrongTopology(chosen, environment),
    ...contradictions(chosen, environment),
    ...weakSecrets(environment),
  )
  if (problems.length === 0 && result.success) return { ...result.data, TRANSPORTS: chosen }
  const lines = problems.map((problem) => `  ${problem}`)
  throw new Error(`These settings are wrong (from the environment or .env):\n${lines.join('\n')}`)
}

function missing(chosen: readonly TransportName[], environment: NodeJS.ProcessEnv): string[] {
  return chosen.flatMap((transport) =>
    needs[transport]
      .filter((name) => !environment[name])
      .map((name) => `${name}: missing, because TRANSPORTS has "${transport}"`),
  )
}

/** What a role or a queue cannot do without, and what does not go together. */
function wrongTopology(chosen: readonly TransportName[], environment: NodeJS.ProcessEnv): string[] {
  const { ROLE = 'all', QUEUE = 'memory' } = environment
  const needed = (name: Name, why: string) => (environment[name] ? [] : [`${name}: missing, because ${why}`])
  const isOn = (name: Name) => offByDefault.safeParse(environment[name]).data === true
  return [
    ...(QUEUE === 'bullmq' ? needed('REDIS_URL', 'QUEUE is "bullmq"') : []),
    ...(QUEUE === 'pubsub' ? needed('PUBSUB_PROJECT', 'QUEUE is "pubsub"') : []),
    ...(QUEUE === 'none' ? needed('DATABASE_URL', 'QUEUE is "none": ingests and workers meet in a database') : []),
    ...(roles.some((role) => role === ROLE && role !== 'all') && QUEUE === 'memory'
      ? [
          `QUEUE: "memory" does not leave the process; for ROLE=${ROLE} choose bullmq, pubsub, or none with DATABASE_URL`,
        ]
      : []),
    ...(ROLE === 'worker' && !environment['DATABASE']
      ? needed('DATABASE_URL', 'workers share a database; one that is the only one names its file by DATABASE')
      : []),
    ...(ROLE === 'ingest' && chosen.includes('desktop')
      ? ['TRANSPORTS: desktops are served by ROLE=all or ROLE=worker, because they wait for their answers']
      : []),
    ...(Boolean(environment['PUBSUB_PUSH_AUDIENCE']) === Boolean(environment['PUBSUB_PUSH_ACCOUNT'])
      ? []
      : ['PUBSUB_PUSH_AUDIENCE and PUBSUB_PUSH_ACCOUNT: both or none, since together they prove that Pub/Sub pushes']),
    ...(isOn('PUBSUB_CREATE') && environment['PUBSUB_PUSH_AUDIENCE']
      ? needed('PUBSUB_PUSH_ENDPOINT', 'PUBSUB_CREATE makes a subscription that pushes to it')
      : []),
    ...(isOn('METRICS') ? needed('ADMIN_API_KEY', 'METRICS is "true", and they are not for everybody') : []),
  ]
}

function contradictions(chosen: readonly TransportName[], environment: NodeJS.ProcessEnv): string[] {
  if (!chosen.includes('aisensy')) return []
  const ways = ['AISENSY_PROJECT_PASSWORD', 'AISENSY_ACCESS_TOKEN'].filter((name) => environment[name])
  if (ways.length === 1) return []
  return [
    ways.length === 0
      ? 'AISENSY_PROJECT_PASSWORD or AISENSY_ACCESS_TOKEN: one of them is needed, because TRANSPORTS has "aisensy"'
      : 'AISENSY_PROJECT_PASSWORD and AISENSY_ACCESS_TOKEN: only one of them; the password is for the Project API, the token for the Direct API',
  ]
}

function weakSecrets(environment: NodeJS.ProcessEnv): string[] {
  const weak = chosenByUs.filter((name) => isWeak(name, environment[name]))
  // Servers of one's own want no key, and take any.
  const ofModel = environment['OPENAI_BASE_URL'] ? [] : (['OPENAI_API_KEY'] as const)
  const guessed = [...issued, ...ofModel].filter((name) => {
    const value = environment[name]
    return value !== undefined && (value.length < shortestIssued || looksDefault(value))
  })
  return [
    ...weak.map((name) => `${name}: too short, or too easy to guess; take the output of: openssl rand -hex 32`),
    ...guessed.map(
      (name) =>
        `${name}: too easy to guess, or shorter than ${shortestIssued} characters; take what the provider shows, or random ones`,
    ),
  ]
}

function isWeak(name: string, value: string | undefined): boolean {
  if (value === undefined) return false
  try {
    checkSecret(name, value)
    return false
  } catch {
    return true
  }
}

/** Without spaces around values; one that is nothing else counts as not set. */
function withoutBlanks(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const trimmed = Object.entries(environment).map(([name, value]) => [name, value?.trim()] as const)
  return Object.fromEntries(trimmed.filter(([, value]) => value !== undefined && value !== ''))
}

/** `WEBHOOK_VERIFY_TOKEN` stands for what proves the webhook of a provider that has no secret of its own here. */
function withOneToken(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { WEBHOOK_VERIFY_TOKEN: token, ...others } = environment
  return token === undefined ? others : { META_VERIFY_TOKEN: token, AISENSY_WEBHOOK_SECRET: token, ...others }
}

/** A path is appended to it, and what is secret belongs into settings of its own. */
function isPlain(value: string): boolean {
  const parsed = URL.parse(value)
  return !/[?#]/.test(value) && !parsed?.username && !parsed?.password
}

function listOf(value = ''): string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
}
