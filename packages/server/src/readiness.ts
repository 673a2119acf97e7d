import { type ConnectionState, isWaAgentError, type StorageStats, waitFor } from '@wa-agent/core'
import { isChatTransport } from './chat-transport.ts'
import { isDesktopTransport } from './desktop-link/desktop-transport.ts'
import type { Settings } from './options.ts'

/** What is wrong, and whether work can be done nevertheless. */
export interface Readiness {
  readonly ready: boolean
  /** In words, without names of tenants: everybody may see them. */
  readonly reasons: readonly string[]
  readonly checks: {
    readonly bot: 'running' | 'not running'
    readonly storage: 'ok' | 'away'
    /** How many channels are in which state, by kind of transport; `unknown` before a transport has told anything. */
    readonly transports: Readonly<Record<string, Readonly<Record<string, number>>>>
  }
}

const fresh = 500

/** Watches the transports, and asks the storage when somebody wants to know; at most twice a second. */
export function watchReadiness(settings: Settings, isStopping: () => boolean): () => Promise<Readiness> {
  const { bot, clock } = settings
  const states = new Map<string, ConnectionState>()
  bot.on('connection-changed', ({ tenant, channel, state }) => states.set(`${tenant}/${channel}`, state))
  let last: { readonly atMs: number; readonly state: Promise<StorageState> } | undefined
  return async () => {
    const nowMs = clock.now()
    if (!last || nowMs - last.atMs >= fresh || nowMs < last.atMs) last = { atMs: nowMs, state: askStorage(settings) }
    return summary(settings, { states, storage: await last.state, isStopping: isStopping() })
  }
}

type StorageState = 'ok' | 'away' | 'closed'

async function askStorage({ bot, clock, readyTimeoutMs }: Settings): Promise<StorageState> {
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
  { transports }: Settings,
  known: {
    readonly states: ReadonlyMap<string, ConnectionState>
    readonly storage: StorageState
    readonly isStopping: boolean
  },
): Readiness {
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
  const ready = known.storage === 'ok' && !known.isStopping && (usable || providers.length === 0)
  if (known.storage === 'closed') reasons.unshift('the bot is not running')
  if (known.storage === 'away') reasons.unshift('the storage does not answer')
  if (known.isStopping) reasons.unshift('the server is stopping')
  return {
    ready,
    reasons,
    checks: {
      bot: known.storage === 'closed' ? 'not running' : 'running',
      storage: known.storage === 'ok' ? 'ok' : 'away',
      transports: counts,
    },
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
