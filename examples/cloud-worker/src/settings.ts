import { checkSecret } from '@wa-agent/server'
import { z } from 'zod'

/** `desktop` is WhatsApp Web on the PCs of many businesses: each is a tenant with a key of its own. */
export const transportNames = ['cloud-api', 'maytapi', 'aisensy', 'spoki', 'desktop'] as const
export type TransportName = (typeof transportNames)[number]

const empty = (value: unknown) => (value === '' ? undefined : value)
const optional = z.preprocess(empty, z.string().optional())
const url = z.preprocess(empty, z.url({ protocol: /^https?$/ }).optional())
const digits = z.preprocess(empty, z.string().regex(/^\d+$/, 'Expected digits').optional())

const onByDefault = z.preprocess(empty, z.stringbool({ error: 'Expected true or false' }).default(true))

const nameOne = `Name at least one of ${transportNames.join(', ')}`

/** The environment that this example knows; .env.example explains each. */
const environmentSchema = z.object({
  TRANSPORTS: z.preprocess(empty, z.string({ error: nameOne })),
  PORT: z.preprocess(
    empty,
    z.coerce.number({ error: 'Expected a number from 0 to 65535' }).int().min(0).max(65535).default(8080),
  ),
  HOST: z.preprocess(empty, z.string().default('0.0.0.0')),
  DATABASE: z.preprocess(empty, z.string().default('data/worker.db')),
  ADMIN_API_KEY: optional,
  TRUSTED_PROXIES: z.preprocess(
    empty,
    z.coerce.number({ error: 'Expected a number of proxies' }).int().min(0).default(0),
  ),
  WINDOW_TEMPLATE: optional,
  WINDOW_TEMPLATE_LANGUAGE: z.preprocess(empty, z.string().min(2).default('en')),
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: url,
  OPENAI_MODEL: optional,
  LOG_LEVEL: z.preprocess(
    empty,
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ),
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

/** What each transport cannot do without. */
const needs: Readonly<Record<TransportName, readonly Name[]>> = {
  'cloud-api': ['META_APP_SECRET', 'META_VERIFY_TOKEN', 'META_ACCESS_TOKEN', 'META_PHONE_NUMBER_ID'],
  maytapi: ['MAYTAPI_PRODUCT_ID', 'MAYTAPI_PHONE_ID', 'MAYTAPI_API_KEY', 'MAYTAPI_WEBHOOK_SECRET'],
  aisensy: ['AISENSY_PROJECT_ID', 'AISENSY_WEBHOOK_SECRET'],
  spoki: ['SPOKI_API_KEY', 'SPOKI_WEBHOOK_SECRET'],
  // Who makes the tenants.
  desktop: ['ADMIN_API_KEY'],
}

/** Whoever knows them can write in a customer's name or read everything. */
const secrets: readonly Name[] = [
  'META_APP_SECRET',
  'META_VERIFY_TOKEN',
  'MAYTAPI_WEBHOOK_SECRET',
  'AISENSY_WEBHOOK_SECRET',
  'SPOKI_WEBHOOK_SECRET',
]
const shortestSecret = 6
const known = /^(?:(?:change[-_ ]?me|password|default|example|your[-_ ]).*|(?:secret|test|admin)\d*|(.)\1+)$/i

/** Reads the settings; throws one error that names everything that is wrong or missing. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
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
    ...contradictions(chosen, environment),
    ...weakSecrets(environment),
    ...weakAdminKey(environment),
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
  return secrets.flatMap((name) => {
    const value = environment[name]
    if (!value || (value.length >= shortestSecret && !known.test(value))) return []
    return [`${name}: too easy to guess; take random characters, e.g. those of: openssl rand -hex 32`]
  })
}

/** The key must be as strong as the server wants it. */
function weakAdminKey({ ADMIN_API_KEY: key }: NodeJS.ProcessEnv): string[] {
  if (!key) return []
  try {
    checkSecret('ADMIN_API_KEY', key)
    return []
  } catch {
    return ['ADMIN_API_KEY: too short, or too easy to guess; take the output of: openssl rand -hex 32']
  }
}

function listOf(value = ''): string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
}
