import { z } from 'zod'

const empty = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : value)

const url = z
  .url({ protocol: /^https?$/, error: 'Expected an address that begins with https:// or http://' })
  .refine((value) => !/[?#]|\/\/[^/]*@/.test(value), { error: 'Expected an address without a user, ? and #' })

/** The environment that this example knows; .env.example explains each. */
const settingsSchema = z.object({
  PORT: z.preprocess(empty, z.coerce.number().int().min(0).max(65535).default(3000)),
  HOST: z.preprocess(empty, z.string().default('127.0.0.1')),
  DATABASE: z.preprocess(empty, z.string().default('data/shop.db')),
  TRANSPORT: z.preprocess(empty, z.enum(['webjs'], { error: 'Expected webjs, or nothing' }).optional()),
  SESSION_DIR: z.preprocess(empty, z.string().default('data/whatsapp-session')),
  PUPPETEER_EXECUTABLE_PATH: z.preprocess(empty, z.string().optional()),
  OPENAI_API_KEY: z.preprocess(empty, z.string().optional()),
  OPENAI_BASE_URL: z.preprocess(empty, url.optional()),
  OPENAI_MODEL: z.preprocess(empty, z.string().optional()),
  LOG_LEVEL: z.preprocess(empty, z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).optional()),
})

/** The settings, with their defaults. */
export type Settings = z.output<typeof settingsSchema>

/** Reads the settings; throws one error that names all that are wrong. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const result = settingsSchema.safeParse(environment)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`These settings are wrong (from the environment or .env):\n${problems.join('\n')}`)
}
