import type { OutboundMessage } from '../message.ts'
import type { Flags, StoredReply } from '../storage.ts'
import type { Transport } from '../transport.ts'
import { releasedWithin } from './late-replies.ts'

/** Who wrote so lately has not forgotten us: what is said to them now is no cold message. */
const coldAfterMs = 24 * 3_600_000

/** Whether a customer who has not written lately gets what nobody asked for. */
export function isCold(reply: StoredReply, { lastInboundAtMs }: Flags, nowMs: number): boolean {
  return reply.kind === 'proactive' && (lastInboundAtMs === undefined || nowMs - lastInboundAtMs >= coldAfterMs)
}

/** Whether the transport has anything like it. */
export function canSend(transport: Transport, message: OutboundMessage): boolean {
  return transport.capabilities.types.includes(message.type)
}

/** Why a reply must not go out now; `undefined` where it may. */
export function whyForbidden(reply: StoredReply, { optedOut, handoff }: Flags, nowMs: number): string | undefined {
  if (optedOut && reply.kind !== 'confirmation') return 'the customer opted out'
  // An agent's own handoff comes with its last words; a person who took over must not be talked over.
  const isTakenOver =
    handoff !== undefined && handoff.by !== 'agent' && (handoff.untilMs ?? Number.POSITIVE_INFINITY) > nowMs
  return isTakenOver && (reply.kind === 'reply' || reply.kind === 'fallback') ? 'a person has taken over' : undefined
}

/** What goes out for a reply: itself, the template in its place, or nothing and why. */
export type Sendable =
  | { readonly message: OutboundMessage; readonly isTemplated: boolean }
  | { readonly refusal: string }

/** What decides beside the reply itself. */
export interface WindowState {
  readonly nowMs: number
  readonly lastInboundAtMs: number | undefined
  readonly templateWent: boolean
  /** For how long an unasked message is good that comes too early; `false`: not at all. */
  readonly releaseMs: number | false
}

/** Outside the window of the provider only templates are delivered, and one of them says enough. */
export function sendableIn(
  { window }: Transport,
  { message, kind }: Pick<StoredReply, 'message' | 'kind'>,
  { nowMs, lastInboundAtMs, templateWent, releaseMs }: WindowState,
): Sendable {
  const isOpen = !window || (lastInboundAtMs !== undefined && nowMs < lastInboundAtMs + window.durationMs)
  if (isOpen || message.type === 'template') return { message, isTemplated: false }
  const hours = Math.round(window.durationMs / 3_600_000)
  const why = `window closed: the customer last wrote more than ${hours} hours ago`
  // An answer to an old question is worth nothing when the next one comes; what was to be told still is.
  const next = kind === 'proactive' && releaseMs !== false ? releasedWithin(releaseMs) : 'retry when they have written'
  if (!window.template) return { refusal: `${why}; without a windowTemplate of the transport nothing is sent; ${next}` }
  if (templateWent) return { refusal: `${why}; a template went out; ${next}` }
  const { name, language, parameters = [] } = window.template
  return { message: { type: 'template', name, language, parameters: [...parameters] }, isTemplated: true }
}
