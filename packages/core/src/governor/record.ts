import type { ChatRecord } from './chat-pace.ts'
import type { ColdRecord } from './cold-budget.ts'

/** What is kept of a channel across restarts. What is absent is as at the very beginning. */
export interface GovernorRecord {
  /** Written by a process that had not ended: what it had not written yet is assumed. */
  readonly isRunning?: true
  /** Until when the provider wants silence on the whole channel, and how often in a row it did. */
  readonly pausedUntilMs?: number
  readonly refusals?: number
  /** Until when the channel counts as down. */
  readonly downUntilMs?: number
  /** When the last message of the whole channel went out, or was to. */
  readonly lastSlotMs?: number
  readonly chats?: readonly ChatRecord[]
  /** When all other chats are quiet at the latest. */
  readonly othersQuietAtMs?: number
  readonly cold?: ColdRecord
}

/** The record as it is stored; `undefined` where there is nothing to keep. */
export function writeRecord(record: GovernorRecord): string | undefined {
  const { chats = [], ...rest } = record
  const kept: [string, unknown][] = Object.entries(rest).filter(([, value]) => value !== undefined && value !== 0)
  if (chats.length > 0) kept.push(['chats', chats])
  return kept.length === 0 ? undefined : JSON.stringify(Object.fromEntries(kept))
}

/** What cannot be read is forgotten: a limit is too old to matter, a bot is not. */
export function readRecord(json: string | undefined): GovernorRecord {
  if (json === undefined) return {}
  try {
    const record: unknown = JSON.parse(json)
    return isRecord(record) ? record : {}
  } catch {
    return {}
  }
}

const numbers = ['pausedUntilMs', 'refusals', 'downUntilMs', 'lastSlotMs', 'othersQuietAtMs'] as const

function isRecord(value: unknown): value is GovernorRecord {
  if (typeof value !== 'object' || value === null) return false
  const record: Partial<Record<keyof GovernorRecord, unknown>> = value
  const { chats = [], cold } = record
  return (
    numbers.every((name) => record[name] === undefined || typeof record[name] === 'number') &&
    Array.isArray(chats) &&
    chats.every((chat) => Array.isArray(chat) && typeof chat[0] === 'string' && typeof chat[1] === 'number') &&
    (cold === undefined || isCold(cold))
  )
}

function isCold(value: unknown): value is ColdRecord {
  if (typeof value !== 'object' || value === null) return false
  const { day, firstDay, sent }: Partial<Record<keyof ColdRecord, unknown>> = value
  return typeof day === 'string' && typeof firstDay === 'string' && typeof sent === 'number'
}
