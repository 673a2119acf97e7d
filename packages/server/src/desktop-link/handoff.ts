import type { Handoff } from '@wa-agent/core'
import type { z } from 'zod'
import type { handoffSchema } from './protocol.ts'

type WireHandoff = z.output<typeof handoffSchema>

const longestReason = 500

/** A handoff whose time is over counts no more. */
export function current(handoff: Handoff | undefined, nowMs: number): Handoff | undefined {
  return handoff?.untilMs !== undefined && handoff.untilMs <= nowMs ? undefined : handoff
}

/** A handoff as it travels. */
export function wireHandoff(handoff: Handoff): WireHandoff {
  return { ...handoff, reason: handoff.reason.slice(0, longestReason) }
}

/** A handoff as it came. */
export function fromWire({ untilMs, ...handoff }: WireHandoff): Handoff {
  return untilMs === undefined ? handoff : { ...handoff, untilMs }
}
