import { inboundMessageSchema, outboundMessageSchema } from '@wa-agent/core'
import { z } from 'zod'

/** Raised when what an older client understands is no longer told. What is only added raises nothing. */
export const protocolVersion = 1

const id = z.string().min(1).max(1024)
const name = z.string().min(1).max(128)
const shortText = z.string().max(500)

/** Whom a request is about. `channel` may be left out where the tenant has only one desktop; `session` by older clients. */
const about = { tenantId: name, channel: name.optional(), session: z.string().min(1).max(200).optional() }

/** The same in a query. */
export const aboutSchema = z.object(about)

/** A person has the conversation. */
export const handoffSchema = z.object({
  by: z.enum(['owner', 'person', 'agent']),
  reason: shortText,
  sinceMs: z.number().int().nonnegative(),
  untilMs: z.number().int().nonnegative().optional(),
})

/** What is known of a message beside its words. Everything may be left out. */
const metadataSchema = z.looseObject({
  name: shortText.optional(),
  isGroup: z.boolean().optional(),
  /** Who wrote in a group. */
  author: id.optional(),
  mimeType: shortText.optional(),
  fileName: shortText.optional(),
  sizeBytes: z.number().int().nonnegative().optional(),
})

/** Seconds or milliseconds since 1970, or an ISO date. */
const timestampSchema = z.union([z.number().nonnegative().max(8_640_000_000_000_000), z.iso.datetime({ offset: true })])

/** One message as the first desktop agents send it. Without `id` it is known by who wrote what and when. */
export const simpleMessageSchema = z.object({
  ...about,
  from: id,
  message: z.string().max(65_536),
  timestamp: timestampSchema,
  id: id.optional(),
  /** Of the message, as WhatsApp Web names it; default `text`. `message` is then the caption. */
  type: z.string().min(1).max(64).optional(),
  metadata: metadataSchema.optional(),
})

/** Checked once more, as one that may be of a type that this version does not know. */
export const anyMessageSchema = z.looseObject({ type: z.string().max(64), id, chat: id })

/** All messages of a turn. */
export const turnSchema = z.object({
  ...about,
  messages: z.array(anyMessageSchema).min(1).max(200),
  /** Whether a person has the conversation on the desktop; left out by who does not know. */
  handoff: handoffSchema.nullish(),
})

/** What a desktop asks with: a turn, or one message. */
export const processMessageSchema = z.union([turnSchema, simpleMessageSchema])

/** What is to be said, `reply` in words alone for clients that know nothing else. */
export const answerSchema = z.object({
  protocol: z.literal(protocolVersion),
  /** `dead`: no answer could be made; the replies apologise. */
  status: z.enum(['answered', 'dead']),
  reply: z.string(),
  replies: z.array(z.object({ id, message: outboundMessageSchema })),
  /** Whether a person has the conversation now. */
  handoff: handoffSchema.nullable(),
  messageIds: z.array(id),
})

/** What the WhatsApp of a desktop is like. */
const whatsAppSchema = z.enum(['connecting', 'connected', 'disconnected', 'needs-login', 'stopped'])

const outboundTypes = outboundMessageSchema.options.map((option) => option.shape.type.value)

/** What the transport of the desktop can carry, so that the cloud need not guess. */
export const capabilitiesSchema = z.object({
  types: z.array(z.enum(outboundTypes)).min(1),
  maxTextLength: z.number().int().min(1).max(1_000_000),
  maxCaptionLength: z.number().int().min(0).max(1_000_000),
  maxButtons: z.number().int().min(0).max(100),
  maxListRows: z.number().int().min(0).max(100),
  quotes: z.boolean(),
})

/** A desktop begins. */
export const registerSchema = z.object({
  ...about,
  phone: shortText.optional(),
  device: shortText.optional(),
  version: shortText.optional(),
  protocol: z.number().int().min(1).optional(),
  capabilities: capabilitiesSchema.optional(),
})

/** What a desktop must know to go on. */
export const registeredSchema = z.object({
  protocol: z.literal(protocolVersion),
  /** To be sent along from now on. A desktop that registers later gets another, and this one is over. */
  session: z.string(),
  channel: z.string(),
  heartbeatEveryMs: z.number().int(),
  offlineAfterMs: z.number().int(),
  /** Whether files may be uploaded. */
  media: z.boolean(),
  maxMediaBytes: z.number().int(),
  paused: z.boolean(),
})

/** How a desktop is. */
export const heartbeatSchema = z.object({
  ...about,
  whatsApp: whatsAppSchema.optional(),
  /** Where it became known, or changed, after the desktop had registered. */
  phone: shortText.optional(),
  /** How many messages and replies wait on the desktop. */
  queueDepth: z.number().int().nonnegative().optional(),
  battery: z.object({ percent: z.number().min(0).max(100), charging: z.boolean().optional() }).optional(),
})

/** What a heartbeat is answered. */
export const heartbeatAnswerSchema = z.object({
  protocol: z.literal(protocolVersion),
  heartbeatEveryMs: z.number().int(),
  media: z.boolean(),
  paused: z.boolean(),
})

/** What was taken over, and what could not be. */
export const ackSchema = z.object({
  ...about,
  ids: z.array(id).max(1000),
  failed: z
    .array(z.object({ id, reason: shortText }))
    .max(1000)
    .optional(),
})

/** How many of them were waited for. */
export const ackAnswerSchema = z.object({ acknowledged: z.number().int() })

/** What people order a desktop to do. */
export const commandSchema = z.object({
  tenantId: name,
  channel: name.optional(),
  type: z.enum(['pause', 'resume']),
  reason: shortText.optional(),
})

/** By which id the desktop will acknowledge it. */
export const commandAnswerSchema = z.object({ id: z.string() })

/** Orders to a desktop. Each stays until it is acknowledged, through restarts of both sides. */
export const commandEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('pause'), id, reason: shortText.optional() }),
  z.object({ type: z.literal('resume'), id }),
  z.object({ type: z.literal('handoff'), id, chat: id, handoff: handoffSchema }),
  z.object({ type: z.literal('release'), id, chat: id }),
])
export type CommandEvent = z.output<typeof commandEventSchema>

/** What the cloud tells the desktop by itself. */
export const outboundEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), id, chat: id, message: outboundMessageSchema }),
  ...commandEventSchema.options,
  /** Another desktop has the channel now. The last event of a stream, and never acknowledged. */
  z.object({ type: z.literal('superseded') }),
])
export type OutboundEvent = z.output<typeof outboundEventSchema>
/** An event that stays until it is acknowledged. */
export type DurableEvent = Exclude<OutboundEvent, { type: 'superseded' }>

/** A long poll's query. */
export const pollSchema = z.object({
  ...about,
  /** The id of the last event that was taken over: it and all that came before it are thereby acknowledged. */
  cursor: id.optional(),
  /** How long to wait for something, in seconds. */
  wait: z.coerce.number().min(0).max(60).default(25),
})

/** What a long poll is answered. */
export const pollAnswerSchema = z.object({ events: z.array(outboundEventSchema) })

/** What is known of a desktop. Times in milliseconds since 1970. */
export const statusSchema = z.object({
  protocol: z.literal(protocolVersion),
  tenantId: z.string(),
  channel: z.string(),
  status: z.enum(['online', 'offline', 'never']),
  /** Whether something could be sent to it now. */
  reachable: z.boolean(),
  paused: z.boolean(),
  phone: z.string().nullable(),
  device: z.string().nullable(),
  version: z.string().nullable(),
  lastSeenMs: z.number().nullable(),
  whatsApp: whatsAppSchema.nullable(),
  queueDepth: z.number().nullable(),
  battery: z.object({ percent: z.number(), charging: z.boolean().optional() }).nullable(),
})

/** What an upload is answered. */
export const uploadedSchema = z.object({ sizeBytes: z.number().int() })

/** A message in the vocabulary of the SDK, for the document. */
export const documentedMessageSchema = inboundMessageSchema
