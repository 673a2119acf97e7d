import type { ConversationState, Handoff } from '../conversation.ts'
import { WaAgentError } from '../errors.ts'
import { type InboundMessage, type OutboundMessage, textOf } from '../message.ts'
import { adaptMessage } from '../outgoing/adapt.ts'
import type { Control, Flags, MessageAnswer, NewMessage, ReplyKind, ReplyOutcome, ReplyStatus } from '../storage.ts'
import type { TraceHeaders } from '../trace-headers.ts'
import type { Capabilities } from '../transport.ts'
import type { ReplyDelivery } from './tracking.ts'

/** All that can have become of a reply. `pending` and `sending` are undelivered, `dead` and `held` are dead letters. */
export type ReplyFate = ReplyStatus | 'sent' | 'dead' | 'held' | 'suppressed' | 'discarded'

/**
 * The ids by which the customer of a message is known in its channel, the chat first. Only in a direct chat do a contact's
 * ids name the conversation; what was written from our own number has our own contact, so whom it went to counts.
 */
export function personIds({ chat, from, fromMe, isGroup, toAliases = [] }: InboundMessage): readonly string[] {
  if (isGroup) return [chat]
  const others = fromMe ? toAliases : [{ value: from.id }, ...from.aliases]
  return [...new Set([chat, ...others.map(({ value }) => value)])]
}

/** When pending messages want a turn: once nothing came for a while, but no longer than the first may wait, and rested. */
export function inboundDueAtMs(mail: {
  readonly settleAtMs: number
  readonly dueByMs: number
  readonly restUntilMs: number
}): number {
  return Math.max(mail.restUntilMs, Math.min(mail.settleAtMs, mail.dueByMs))
}

/** When the first undelivered reply wants to go out. One whose sending was interrupted wants to be looked at at once. */
export function outboundDueAtMs(first: { readonly status: ReplyStatus; readonly notBeforeMs: number }): number {
  return first.status === 'sending' ? 0 : first.notBeforeMs
}

/** Providers try for so long to deliver a message; what claims to be older comes from a clock that is wrong. */
const oldestDeliveryMs = 7 * 86_400_000

/** When the customer wrote this; `undefined` where it was not the customer. A clock that is wrong proves nothing. */
export function wroteAtMs({ message, receivedAtMs }: Pick<NewMessage, 'message' | 'receivedAtMs'>): number | undefined {
  if (message.fromMe || message.automated) return undefined
  const isPossible = message.sentAtMs <= receivedAtMs && message.sentAtMs >= receivedAtMs - oldestDeliveryMs
  return isPossible ? message.sentAtMs : receivedAtMs
}

/** The flags after the customer has written something; messages may come late and in any order. */
export function applyInbound(flags: Flags, atMs: number | undefined): Flags {
  const lastInboundAtMs = later(flags.lastInboundAtMs, atMs)
  return lastInboundAtMs === flags.lastInboundAtMs ? flags : withInbound(flags, lastInboundAtMs)
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}

function withInbound(flags: Flags, lastInboundAtMs: number | undefined): Flags {
  return lastInboundAtMs === undefined ? flags : { ...flags, lastInboundAtMs }
}

/** The flags after an order. */
export function applyControl(flags: Flags, control: Control): Flags {
  const optedOut = control.optOut ?? flags.optedOut
  const handoff = handoffAfter(flags.handoff, control)
  const changed = handoff ? { optedOut, handoff: Object.freeze({ ...handoff }) } : { optedOut }
  return withInbound(changed, flags.lastInboundAtMs)
}

/** What of an order changes anything: a STOP of a customer who has stopped already is none, nor is the first START. */
export function effectiveControl(flags: Flags, control: Control | undefined): Control | undefined {
  if (control?.optOut === undefined || control.optOut !== flags.optedOut) return control
  const { optOut: _, ...rest } = control
  return Object.keys(rest).length === 0 ? undefined : rest
}

function handoffAfter(current: Handoff | undefined, { handoff, releasesSinceMs }: Control): Handoff | undefined {
  if (handoff === undefined) return current
  if (handoff !== null) return handoff
  return releasesSinceMs === undefined || current?.sinceMs === releasesSinceMs ? undefined : current
}

/** The flags of two conversations that turned out to be one: silence wins. */
export function mergeFlags(older: Flags, younger: Flags): Flags {
  const handoff = longerHandoff(older.handoff, younger.handoff)
  const optedOut = older.optedOut || younger.optedOut
  const merged = handoff ? { optedOut, handoff } : { optedOut }
  return withInbound(merged, later(older.lastInboundAtMs, younger.lastInboundAtMs))
}

function longerHandoff(older: Handoff | undefined, younger: Handoff | undefined): Handoff | undefined {
  if (!older || !younger) return older ?? younger
  return (younger.untilMs ?? Number.POSITIVE_INFINITY) > (older.untilMs ?? Number.POSITIVE_INFINITY) ? younger : older
}

/** State as it is stored. What is not plain JSON is refused before anything is changed. */
export function stateToJson(state: ConversationState): string {
  try {
    return JSON.stringify(state)
  } catch (error) {
    throw notJson(error)
  }
}

function notJson(cause: unknown): WaAgentError {
  const message = 'Expected a session state that is plain JSON: no BigInt and nothing that contains itself.'
  return new WaAgentError('invalid_output', message, { cause })
}

/**
 * The state of two conversations that turned out to be one: what the older one knows stays, what only the younger one
 * knows is added. Nothing is assumed of the shape, because an older version may have written it. Spreading copies even
 * a key like `__proto__` as plain data.
 */
export function mergeStates(older: unknown, younger: unknown): ConversationState | undefined {
  if (!isRecord(younger)) return isRecord(older) ? (older as unknown as ConversationState) : undefined
  if (!isRecord(older)) return younger as unknown as ConversationState
  const sessions = {
    ...(isRecord(younger['sessions']) ? younger['sessions'] : {}),
    ...(isRecord(older['sessions']) ? older['sessions'] : {}),
  }
  return { ...younger, ...older, sessions }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * What became of a reply that is now `status`, or `undefined` where that is final already. The truth, `sent`, beats a dead
 * letter, but not one that the provider made of it after it had accepted it.
 */
export function settledFate(
  status: ReplyFate,
  outcome: ReplyOutcome['status'],
  delivery?: ReplyDelivery,
): ReplyFate | undefined {
  switch (status) {
    case 'pending':
    case 'sending':
      return outcome === 'retry' ? 'pending' : outcome
    case 'dead':
    case 'held':
      return outcome === 'sent' && delivery === undefined ? 'sent' : undefined
    case 'sent':
    case 'suppressed':
    case 'discarded':
      return undefined
  }
}

/** Only among so many of the last replies of a conversation an echo is looked for by its text. */
export const echoesAmongLast = 50

/** What is needed of a reply to recognise its echo. */
export interface EchoCandidate {
  readonly status: ReplyFate
  readonly attempts: number
  readonly providerId?: string | undefined
  /** When it was recorded that it was sent, in milliseconds since 1970. */
  readonly sentAtMs?: number | undefined
  readonly message: OutboundMessage
}

/**
 * Whether a message from our own number may be this reply, seen from outside before we knew its id: it says the same, and
 * the reply may have gone out without our knowing its id.
 */
export function isEchoOf(message: InboundMessage, reply: EchoCandidate): boolean {
  return mayHaveGoneOut(reply) && saysTheSame(message, reply)
}

/** Echoes come within seconds; a phone that was away for a moment hands them in later. */
const latestEchoMs = 15 * 60_000

/**
 * Whether a message from our own number may be this reply under another id than the one that we know: some providers name
 * what they accepted otherwise than its echo. It says the same as what was sent a moment ago. To be asked after `isEchoOf`,
 * because it proves nothing: the reply keeps its id.
 */
export function isEchoUnderAnotherId(
  { message, receivedAtMs }: Pick<NewMessage, 'message' | 'receivedAtMs'>,
  reply: EchoCandidate,
): boolean {
  if (reply.status !== 'sent' || reply.providerId === undefined || reply.sentAtMs === undefined) return false
  // An echo may overtake the answer to the send.
  return Math.abs(receivedAtMs - reply.sentAtMs) <= latestEchoMs && saysTheSame(message, reply)
}

/**
 * Some providers show the words alone of what had buttons or a list, others get choices and cards written out as a text. None
 * keeps the blanks at the ends, and a place may come back without its name.
 */
function saysTheSame(message: InboundMessage, { message: reply }: EchoCandidate): boolean {
  if (message.type === 'location' && reply.type === 'location') return isSamePlace(message, reply)
  const words = plainWords(textOf(message))
  if (message.type === reply.type) return words === plainWords(textOf(reply))
  if (message.type !== 'text' || words === '') return false
  return [textOf(reply), writtenOut(reply)].some((text) => words === plainWords(text))
}

interface Place {
  readonly latitude: number
  readonly longitude: number
}

/** To a metre: providers write the numbers in their own way. */
function isSamePlace(one: Place, other: Place): boolean {
  const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-5
  return isNear(one.latitude, other.latitude) && isNear(one.longitude, other.longitude)
}

function plainWords(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

const wordsOnly: Capabilities = {
  types: ['text'],
  maxTextLength: Number.POSITIVE_INFINITY,
  maxCaptionLength: 0,
  maxButtons: 0,
  maxListRows: 0,
  quotes: false,
}

/** A message as a text, where it can be one. */
function writtenOut(message: OutboundMessage): string {
  const [text] = adaptMessage(message, wordsOnly).messages
  return text?.type === 'text' ? text.text : ''
}

function mayHaveGoneOut(reply: EchoCandidate): boolean {
  switch (reply.status) {
    case 'sending':
    case 'held':
      return true
    case 'pending':
      // An attempt whose end was not certain may be tried again.
      return reply.attempts > 0
    case 'sent':
      return reply.providerId === undefined
    case 'dead':
    case 'suppressed':
    case 'discarded':
      return false
  }
}

/** Whether a finished or waiting reply belongs to what the customer can read. */
export function isSaid(status: ReplyFate): boolean {
  return status === 'pending' || status === 'sending' || status === 'sent'
}

/** What `Storage.answers` tells of a message that came to this. One that a person discarded is not answered any more either. */
export function answerStatus(fate: ReplyFate | 'done'): MessageAnswer['status'] {
  return fate === 'pending' || fate === 'done' ? fate : 'dead'
}

/** A reply as storages keep it: its message as JSON, so that nobody's later change can reach it. */
export interface OutboxReply {
  readonly seq: number
  readonly id: string
  readonly kind: ReplyKind
  readonly json: string
  readonly inReplyTo: readonly string[]
  readonly trace?: TraceHeaders | undefined
  status: ReplyStatus
  attempts: number
  notBeforeMs: number
}

/** A pending message as storages keep it. */
export interface PendingMessage {
  readonly seq: number
  readonly json: string
  readonly receivedAtMs: number
  readonly settleAtMs: number
  readonly dueByMs: number
  readonly control: Control | undefined
  readonly trace?: TraceHeaders | undefined
  /** As `wroteAtMs` tells. */
  readonly wroteAtMs: number | undefined
  attempts: number
}
