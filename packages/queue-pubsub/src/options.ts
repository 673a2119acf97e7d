import {
  type BackoffOptions,
  type Clock,
  checkNames,
  type Logger,
  type NamesOf,
  silentLogger,
  systemClock,
  WaAgentError,
} from '@wa-agent/core'

/** Options of `pubsubQueue`. */
export interface PubsubQueueOptions {
  readonly projectId: string
  /** The topic's short name, e.g. `whatsapp-messages`. */
  readonly topic: string
  /** The subscription's short name. Processes that share the work share it. */
  readonly subscription: string
  /** Where jobs go that failed for good. Default: the topic's name with `-dead`. */
  readonly deadLetterTopic?: string
  /** Keeps them. Default: the subscription's name with `-dead`. */
  readonly deadLetterSubscription?: string
  /** Makes topics and subscriptions that do not exist; those that do are left as they are. Default false. */
  readonly create?: boolean
  /** Another address of Pub/Sub, e.g. `us-east1-pubsub.googleapis.com`; one with `http://` gets no credentials. */
  readonly apiEndpoint?: string
  /** Host and port of an emulator. Default: `PUBSUB_EMULATOR_HOST`, which Google's clients follow too, unless `apiEndpoint` is given. */
  readonly emulatorHost?: string
  /** A service account's key. Default: what Google's libraries find (Application Default Credentials). */
  readonly credentials?: { readonly client_email: string; readonly private_key: string }
  /** The file of a service account's key, in place of `credentials`. */
  readonly keyFilename?: string
  /** How often (default 5 attempts in all) and how soon (2 s, 4 s, 8 s, ...) a failed job is tried again. */
  readonly retry?: BackoffOptions & { readonly maxAttempts?: number }
  /** Given: Pub/Sub pushes jobs to this process by HTTP, and consumers pull nothing. */
  readonly push?: PushOptions
  /** How often a consumer asks whether the queue is paused. Default 5,000. */
  readonly pollMs?: number
  /** How long `publish` tries before it rejects. Default 10,000. */
  readonly publishTimeoutMs?: number
  /** Default: the real time. */
  readonly clock?: Clock
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  /** Default: `fetch` of Node. */
  readonly fetch?: typeof fetch
  /** Told what goes wrong behind the scenes. Default: nobody. */
  readonly logger?: Logger
}

/** How Pub/Sub pushes. */
export interface PushOptions {
  /** What the token must be made for; by default Pub/Sub takes the endpoint's URL. */
  readonly audience: string
  /** The e-mail of the service account that Pub/Sub makes the token for. */
  readonly serviceAccount: string
  /** The public URL. Needed for `create`, and so that `pause` can stop Pub/Sub from pushing. */
  readonly endpoint?: string
  /** The public keys of Google by their id, as PEM. Default: fetched from Google and kept as long as it allows. */
  readonly keys?: () => Promise<Readonly<Record<string, string>>>
}

/** Options with every default filled in, and names as Pub/Sub wants them. */
export interface Settings {
  readonly projectId: string
  readonly topic: string
  readonly subscription: string
  readonly deadLetterTopic: string
  readonly deadLetterSubscription: string
  readonly create: boolean
  /** Beginning with `http://` or `https://`. */
  readonly endpoint: string
  /** Nothing is encrypted and nobody asks who we are. */
  readonly plain: boolean
  readonly emulator: boolean
  readonly credentials: PubsubQueueOptions['credentials']
  readonly keyFilename: string | undefined
  readonly retry: Required<BackoffOptions> & { readonly maxAttempts: number }
  readonly push: PushOptions | undefined
  readonly pollMs: number
  readonly publishTimeoutMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly fetch: typeof fetch
  readonly logger: Logger
}

const names: NamesOf<PubsubQueueOptions> = {
  projectId: true,
  topic: true,
  subscription: true,
  deadLetterTopic: true,
  deadLetterSubscription: true,
  create: true,
  apiEndpoint: true,
  emulatorHost: true,
  credentials: 'object',
  keyFilename: true,
  retry: { maxAttempts: true, baseMs: true, maxMs: true, jitter: true },
  push: { audience: true, serviceAccount: true, endpoint: true, keys: 'function' },
  pollMs: true,
  publishTimeoutMs: true,
  clock: 'object',
  random: 'function',
  fetch: 'function',
  logger: 'object',
}

/** Pub/Sub's own bounds of a retry policy. */
const longestBackoffMs = 600_000
/** Letters first, then letters, digits and some signs, 3 to 255 characters, not beginning with `goog`. */
const resourceName = /^(?!goog)[a-z][\w.~+%-]{2,254}$/i
/** Old ids have the domain of their owner before a colon; a number names a project as well. */
const projectName = /^[a-z0-9][a-z0-9.:-]*$/

/** Checks the options and fills in the defaults. Throws `invalid_options`. */
export function settingsOf(options: PubsubQueueOptions): Settings {
  checkNames('pubsubQueue', options, names)
  const { projectId, topic, subscription } = options
  const { deadLetterTopic = `${topic}-dead`, deadLetterSubscription = `${subscription}-dead` } = options
  if (typeof projectId !== 'string' || !projectName.test(projectId)) {
    throw wrong('projectId', 'the id of a project: small letters, digits and hyphens', projectId)
  }
  for (const [name, value] of Object.entries({ topic, subscription, deadLetterTopic, deadLetterSubscription })) {
    if (typeof value !== 'string' || !resourceName.test(value)) {
      throw wrong(name, 'a short name of 3 to 255 letters, digits and -._~+%, a letter first', value)
    }
  }
  const parent = `projects/${projectId}`
  return {
    projectId,
    topic: `${parent}/topics/${topic}`,
    subscription: `${parent}/subscriptions/${subscription}`,
    deadLetterTopic: `${parent}/topics/${deadLetterTopic}`,
    deadLetterSubscription: `${parent}/subscriptions/${deadLetterSubscription}`,
    create: options.create ?? false,
    ...addressOf(options),
    credentials: options.credentials,
    keyFilename: options.keyFilename,
    retry: retryOf(options.retry),
    push: pushOf(options.push, options.create ?? false),
    pollMs: positive('pollMs', options.pollMs ?? 5000),
    publishTimeoutMs: positive('publishTimeoutMs', options.publishTimeoutMs ?? 10_000),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    fetch: options.fetch ?? globalThis.fetch,
    logger: options.logger ?? silentLogger,
  }
}

function addressOf({ apiEndpoint, emulatorHost }: PubsubQueueOptions) {
  if (apiEndpoint !== undefined && emulatorHost !== undefined) {
    throw invalid('Expected `apiEndpoint` or `emulatorHost`, got both.')
  }
  const emulator = emulatorHost ?? (apiEndpoint === undefined ? process.env['PUBSUB_EMULATOR_HOST'] : undefined)
  if (emulator) return { endpoint: `http://${emulator.replace(/^http:\/\//, '')}`, plain: true, emulator: true }
  const endpoint = (apiEndpoint ?? 'pubsub.googleapis.com').replace(/\/+$/, '')
  const plain = endpoint.startsWith('http://')
  return {
    endpoint: plain || endpoint.startsWith('https://') ? endpoint : `https://${endpoint}`,
    plain,
    emulator: false,
  }
}

function retryOf({
  maxAttempts = 5,
  baseMs = 2000,
  maxMs = longestBackoffMs,
  jitter = 0.2,
}: NonNullable<PubsubQueueOptions['retry']> = {}) {
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 100) {
    throw wrong('retry.maxAttempts', 'a whole number from 1 to 100', maxAttempts)
  }
  for (const [name, value] of Object.entries({ baseMs, maxMs })) {
    if (!Number.isFinite(value) || value < 0 || value > longestBackoffMs) {
      throw wrong(
        `retry.${name}`,
        `a number of milliseconds up to ${longestBackoffMs}, the most that Pub/Sub waits`,
        value,
      )
    }
  }
  if (!(jitter >= 0 && jitter <= 1)) throw wrong('retry.jitter', 'a number from 0 to 1', jitter)
  return { maxAttempts, baseMs, maxMs, jitter }
}

function pushOf(push: PushOptions | undefined, create: boolean): PushOptions | undefined {
  if (!push) return undefined
  for (const name of ['audience', 'serviceAccount'] as const) {
    // Without either, everybody with a Google account could push.
    if (typeof push[name] !== 'string' || push[name] === '') throw wrong(`push.${name}`, 'a text', push[name])
  }
  if (create && !push.endpoint)
    throw wrong('push.endpoint', 'the URL that Pub/Sub is to push to, because of `create`', undefined)
  return push
}

function positive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0) throw wrong(name, 'a number of milliseconds above 0', value)
  return value
}

function wrong(option: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'number' ? String(got) : typeof got === 'string' ? JSON.stringify(got) : typeof got
  return invalid(`Expected \`${option}\` to be ${expected}, got ${shown}.`)
}

function invalid(why: string): WaAgentError {
  return new WaAgentError('invalid_options', `[queue-pubsub] ${why} Correct it in pubsubQueue({ ... }).`)
}
