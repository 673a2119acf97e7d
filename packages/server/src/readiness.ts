import { type Bot, type ConnectionState, type Ingest, isWaAgentError, type StorageStats, waitFor } from '@wa-agent/core'
import { isChatTransport } from './chat-transport.ts'
import { isDesktopTransport } from './desktop-link/desktop-transport.ts'
import type { HttpSettings } from './options.ts'
import { isWorker } from './worker-routes.ts'

/** What is wrong, and whether work can be done nevertheless. */
export interface Readiness {
  readonly ready: boolean
  /** In words, without names of tenants: everybody may see them. */
  readonly reasons: readonly string[]
  readonly checks: {
    /** Absent where there is only an ingest. */
    readonly bot?: 'running' | 'not running'
    /** Absent where there is none, as `queue` is. */
    readonly storage?: 'ok' | 'away'
    readonly queue?: 'ok' | 'away'
    /** How many channels are in which state, by kind of transport; `unknown` before a transport has told anything. */
    readonly transports: Readonly<Record<string, Readonly<Record<string, number>>>>
  }
}

const fresh = 500

/** Watches the transports, and asks storage and queue when somebody wants to know; at most twice a second. */
export function watchReadiness(settings: HttpSettings, isStopping: () => boolean): () => Promise<Readiness> {
  const { bot, ingest, clock } = settings
  const states = new Map<string, ConnectionState>()
  const watched: Pick<Ingest, 'on'> | undefined = bot ?? ingest
  watched?.on('connection-changed', ({ tenant, channel, state }) => states.set(`${tenant}/${channel}`, state))
  let last: { readonly atMs: number; readonly needs: Promise<Needs> } | undefined
  return async () => {
    const nowMs = clock.now()
    if (!last || nowMs - last.atMs >= fresh || nowMs < last.atMs) last = { atMs: nowMs, needs: ask(settings) }
    return summary(settings, { states, needs: await last.needs, isStopping: isStopping() })
  }
}

/** What the process cannot work without, as far as it has that. */
interface Needs {
  readonly storage?: 'ok' | 'away' | 'closed'
  readonly queue?: 'ok' | 'away' | 'closed'
}

async function ask(settings: HttpSettings): Promise<Needs> {
  const { bot, ingest, readyTimeoutMs: timeoutMs } = settings
  if (ingest) return ingest.health({ timeoutMs })
  if (!bot) return {}
  return isWorker(bot) ? bot.health({ timeoutMs }) : { storage: await askStorage(bot, settings) }
}

async function askStorage(bot: Bot, { clock, readyTimeoutMs }: HttpSettings): Promise<NonNullable<Needs['storage']>> {
  const answered = new AbortController()
  const asked: Promise<StorageStats> = bot.stats()
  const answer = asked.then(
    () => 'ok' as const,
    (error: unknown) => (isWaAgentError(error) && error.code === 'storage_closed' ? 'closed' : 'away'),
  )
  try {
    return await Promise.race([answer, waitFor(clock, readyTimeoutMs, answered.signal).then(() => 'away' as const)])
  } finally {
    answered.abort()
  }
}

function summary(
  { transports, bot, ingest }: HttpSettings,
  known: {
    readonly states: ReadonlyMap<string, ConnectionState>
    readonly needs: Needs
    readonly isStopping: boolean
  },
): Readiness {
  const { storage, queue } = known.needs
  const counts: Record<string, Record<string, number>> = {}
  const reasons: string[] = []
  for (const { name, tenant, channel } of transports) {
    const state = known.states.get(`${tenant}/${channel}`) ?? 'unknown'
    const ofKind = counts[name] ?? {}
    counts[name] = { ...ofKind, [state]: (ofKind[state] ?? 0) + 1 }
  }
  const away = (state: string) => state !== 'connected' && state !== 'unknown'
  for (const [name, ofKind] of Object.entries(counts))
    for (const [state, count] of Object.entries(ofKind))
      if (away(state)) reasons.push(`${name}: ${count} of ${sum(ofKind)} channels ${state}`)
  // One tenant's lost connection must not take the server from all others; a chat to try the agents is always connected, and
  // desktops are switched off at night.
  const providers = transports.filter((transport) => !isChatTransport(transport) && !isDesktopTransport(transport))
  const usable = providers.some(({ tenant, channel }) => !away(known.states.get(`${tenant}/${channel}`) ?? 'unknown'))
  // An ingest that stores needs its queue only to ring; and it is by webhooks that it hears of a connection that is back.
  const needsQueue = !(ingest && storage)
  const isServed = (storage ?? 'ok') === 'ok' && (!needsQueue || (queue ?? 'ok') === 'ok')
  const ready = isServed && !known.isStopping && (usable || providers.length === 0 || ingest !== undefined)
  if (storage === 'closed') reasons.unshift('the bot is not running')
  if (storage === 'away') reasons.unshift('the storage cannot be used')
  if (queue === 'away' || queue === 'closed') reasons.unshift('the queue cannot be used')
  if (known.isStopping) reasons.unshift('the server is stopping')
  return {
    ready,
    reasons,
    checks: {
      ...(bot && { bot: storage === 'closed' ? ('not running' as const) : ('running' as const) }),
      ...(storage && { storage: storage === 'ok' ? ('ok' as const) : ('away' as const) }),
      ...(queue && { queue: queue === 'ok' ? ('ok' as const) : ('away' as const) }),
      transports: counts,
    },
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
