import { z } from 'zod'

const empty = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : value)
const keyName = /^[A-Za-z0-9+][A-Za-z0-9._:@+-]{0,127}$/

/** What the agent cannot do without; the person who runs the cloud server hands them out. */
export const neededNames = ['CLOUD_SERVER_URL', 'TENANT_ID', 'API_KEY'] as const
export type NeededName = (typeof neededNames)[number]

const needed = {
  CLOUD_SERVER_URL: z.preprocess(
    empty,
    z.string({ error: 'missing; the address of your cloud server, e.g. https://shop.example.com' }).refine(isServer, {
      error: 'Expected an address that begins with https://, e.g. https://shop.example.com',
    }),
  ),
  TENANT_ID: z.preprocess(
    empty,
    z.string({ error: 'missing; the name of your business on the cloud server, e.g. my-shop' }).regex(keyName, {
      error: 'Expected the name of your business on the cloud server: letters, digits and - _ . only, e.g. my-shop',
    }),
  ),
  API_KEY: z.preprocess(
    empty,
    z.string({ error: 'missing; the key that belongs to your business' }).regex(/^[\x21-\x7e]{8,}$/, {
      error:
        'Expected a key of at least 8 characters without spaces. Copy it once more, from its first to its last one',
    }),
  ),
} satisfies Record<NeededName, z.ZodType<string>>

/** The environment that this program knows; .env.example explains each. */
const settingsSchema = z.object({
  ...needed,
  LOCAL_PORT: z.preprocess(
    empty,
    z.coerce.number({ error: 'Expected a number from 0 to 65535' }).int().min(0).max(65535).default(3001),
  ),
  DATABASE: z.preprocess(empty, z.string().default('data/desktop-agent.db')),
  SESSION_DIR: z.preprocess(empty, z.string().default('data/whatsapp-session')),
  PUPPETEER_EXECUTABLE_PATH: z.preprocess(empty, z.string().optional()),
  NOTIFICATIONS: z.preprocess(empty, z.enum(['on', 'off'], { error: 'Expected on or off' }).default('on')),
  LOG_LEVEL: z.preprocess(
    empty,
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ),
})

/** Everything that can be set. */
export const settingNames: readonly string[] = Object.keys(settingsSchema.shape)

/** The settings, with their defaults. */
export type Settings = z.output<typeof settingsSchema>

/** Reads the settings; throws one error that names everything that is wrong or missing. No value is shown. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const result = settingsSchema.safeParse(environment)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`These settings are wrong (from the environment or .env):\n${problems.join('\n')}`)
}

/** What is wrong with a value of a needed setting, in words; undefined where nothing is. */
export function problemWith(name: NeededName, value: string): string | undefined {
  return needed[name].safeParse(value).error?.issues[0]?.message
}

/** The needed settings that nobody has set. */
export function missingNames(environment: NodeJS.ProcessEnv): NeededName[] {
  return neededNames.filter((name) => empty(environment[name]) === undefined)
}

function isServer(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return url.username === '' && url.password === '' && !/[?#]/.test(value)
}
