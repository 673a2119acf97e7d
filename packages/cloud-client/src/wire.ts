import { type Handoff, outboundMessageSchema } from '@wa-agent/core'
import { z } from 'zod'

const id = z.string().min(1)

/** What the cloud wants to be said. A path would name a file of this PC, which is not the cloud's to send. */
const messageSchema = outboundMessageSchema.refine((message) => !('media' in message && 'path' in message.media), {
  error: 'a path is of this machine',
})

const wireHandoffSchema = z.object({
  by: z.enum(['owner', 'person', 'agent']),
  reason: z.string(),
  sinceMs: z.number(),
  untilMs: z.number().optional(),
})

/** What the cloud answers to messages. What a newer cloud adds is ignored. */
export const answerSchema = z.object({
  replies: z.array(z.object({ id, message: messageSchema })),
  handoff: wireHandoffSchema.nullable(),
})
export type CloudAnswer = z.output<typeof answerSchema>

export const registeredSchema = z.object({
  session: id,
  heartbeatEveryMs: z.number().positive(),
  media: z.boolean(),
  maxMediaBytes: z.number().nonnegative(),
  paused: z.boolean(),
})
export type Registered = z.output<typeof registeredSchema>

export const heartbeatAnswerSchema = z.object({
  heartbeatEveryMs: z.number().positive(),
  media: z.boolean(),
  paused: z.boolean(),
})

export const acknowledgedSchema = z.looseObject({})

/** Events are looked at one by one: one that is not understood must not hide the others. */
export const pollAnswerSchema = z.object({ events: z.array(z.unknown()) })

/** What the cloud tells by itself. */
export const cloudEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), id, chat: id, message: messageSchema }),
  z.object({ type: z.literal('pause'), id, reason: z.string().optional() }),
  z.object({ type: z.literal('resume'), id }),
  z.object({ type: z.literal('handoff'), id, chat: id, handoff: wireHandoffSchema }),
  z.object({ type: z.literal('release'), id, chat: id }),
  z.object({ type: z.literal('superseded') }),
])
export type WireEvent = z.output<typeof cloudEventSchema>

/** What every event has. */
export const anyEventSchema = z.object({ type: z.string(), id: id.optional() })

/** A problem of the cloud, RFC 9457. Anything else with such a status is somebody's in between. */
export const problemSchema = z.object({ type: z.string().startsWith('urn:wa-agent:problem:'), detail: z.string() })

export function fromWire({ untilMs, ...handoff }: z.output<typeof wireHandoffSchema>): Handoff {
  return untilMs === undefined ? handoff : { ...handoff, untilMs }
}
