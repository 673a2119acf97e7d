import { type ConversationState, emptyState } from './conversation.ts'

type Parts = { [Part in keyof ConversationState]-?: (value: unknown) => boolean }

/** What each part must look like. Asked at every turn, which is why it is no schema. */
const fits: Parts = {
  sessions: isRecord,
  floor: (value) =>
    isRecord(value) && isText(value['agent']) && isNumber(value['keptAtMs']) && isNumber(value['interruptAt']),
  choices: (value) =>
    isRecord(value) &&
    isText(value['agent']) &&
    (value['offeredAtMs'] === undefined || isNumber(value['offeredAtMs'])) &&
    Array.isArray(value['options']) &&
    value['options'].every(isChoice),
}
const parts = Object.keys(fits) as (keyof ConversationState)[]

/** Stored state as far as it can be used: what is broken is dropped with a warning, a conversation never fails for it. */
export function loadState(stored: unknown, onWarning: (warning: string) => void): ConversationState {
  if (stored === undefined) return emptyState
  const given: Readonly<Record<string, unknown>> = isRecord(stored) ? stored : {}
  const broken = parts.filter((part) => (part === 'sessions' || given[part] !== undefined) && !fits[part](given[part]))
  if (broken.length === 0) return given as unknown as ConversationState
  const what = isRecord(stored) ? broken.join(', ') : 'state'
  onWarning(`the stored ${what} of the conversation does not fit and was reset`)
  const whole = Object.entries(given).filter(([part]) => !broken.some((other) => other === part))
  return { ...emptyState, ...Object.fromEntries(whole) }
}

function isChoice(value: unknown): boolean {
  return isRecord(value) && isText(value['id']) && isText(value['title'])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value)
}

/** A copy that shares no list and no plain object with `value`. Others, such as dates, are not taken apart. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const copy: Record<string, unknown> = { ...value }
  for (const key of Object.keys(copy)) copy[key] = copyOf(copy[key])
  return copy
}
