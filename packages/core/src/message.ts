import { z } from 'zod'
import { WaAgentError } from './errors.ts'
import { isBlank } from './normalize.ts'

/** What any store and any wire can carry: lone surrogates and NUL, which Postgres refuses, become U+FFFD. */
function storable(value: string): string {
  const wellFormed = value.toWellFormed()
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed
}

const text = z.string().transform(storable)
const opaqueId = z.string().min(1).max(1024).transform(storable)

/**
 * Another name of the same person: WhatsApp knows people by phone, by LID and by business-scoped id. `value` is written as
 * the provider would write it as a chat's id, so that the conversations of one person can be joined.
 */
export const contactAliasSchema = z.object({ kind: z.enum(['phone', 'lid', 'bsuid', 'other']), value: opaqueId })
export type ContactAlias = z.output<typeof contactAliasSchema>

/** A person. `id` is the provider's and opaque; a phone number is only ever one of the aliases, and may be absent. */
export const contactSchema = z.object({
  id: opaqueId,
  name: text.optional(),
  aliases: z.array(contactAliasSchema).default([]),
})
export type Contact = z.output<typeof contactSchema>

/** A file at the provider. `reference` is what the transport needs to fetch it; nothing is downloaded until it is opened. */
export const mediaReferenceSchema = z.object({
  reference: z.string().min(1).transform(storable),
  mimeType: text.optional(),
  fileName: text.optional(),
  sizeBytes: z.number().int().nonnegative().optional(),
  sha256: text.optional(),
})
export type MediaReference = z.output<typeof mediaReferenceSchema>

const location = { latitude: z.number(), longitude: z.number(), name: text.optional(), address: text.optional() }
const contactCard = z.object({
  name: text,
  phones: z.array(text).default([]),
  emails: z.array(text).default([]),
})
const replyTo = z.object({ id: opaqueId })

const inboundBase = {
  /** The provider's id of the message: with tenant and channel what makes it once-only. */
  id: opaqueId,
  /** The provider's id of the chat: a person's or a group's. */
  chat: opaqueId,
  from: contactSchema,
  /** Of what was written from the business's own number in a direct chat: the names of whom it was written to. */
  toAliases: z.array(contactAliasSchema).optional(),
  /** True for what was written from the business's own number: our echo, or the owner on the phone. */
  fromMe: z.boolean().default(false),
  /**
   * True for what no person wrote: with `fromMe` what another program sent from the business's number, otherwise a notice of
   * WhatsApp, such as a changed number. It is kept and makes ids known; it starts no handoff, and nobody answers it.
   */
  automated: z.boolean().optional(),
  isGroup: z.boolean().default(false),
  /** When it was sent, in milliseconds since 1970. */
  sentAtMs: z.number().int().nonnegative(),
  replyTo: replyTo.optional(),
}

const media = mediaReferenceSchema
const captioned = { media, caption: text.optional() }

/** Everything a customer can send, in one vocabulary for all transports. */
export const inboundMessageSchema = z.discriminatedUnion('type', [
  z.object({ ...inboundBase, type: z.literal('text'), text }),
  z.object({ ...inboundBase, type: z.literal('image'), ...captioned }),
  z.object({ ...inboundBase, type: z.literal('video'), ...captioned }),
  z.object({ ...inboundBase, type: z.literal('audio'), media, voice: z.boolean().default(false) }),
  z.object({ ...inboundBase, type: z.literal('document'), ...captioned }),
  z.object({ ...inboundBase, type: z.literal('sticker'), media, animated: z.boolean().default(false) }),
  z.object({ ...inboundBase, type: z.literal('location'), ...location }),
  z.object({ ...inboundBase, type: z.literal('contacts'), contacts: z.array(contactCard) }),
  /** An empty emoji takes the reaction back. */
  z.object({ ...inboundBase, type: z.literal('reaction'), emoji: text, to: opaqueId }),
  /** A button or a list row that the customer chose. */
  z.object({
    ...inboundBase,
    type: z.literal('selection'),
    selection: z.object({ id: text, title: text }),
    source: z.enum(['button', 'list']).default('button'),
  }),
  z.object({
    ...inboundBase,
    type: z.literal('order'),
    catalogId: text.optional(),
    text: text.optional(),
    items: z.array(
      z.object({
        productId: text,
        quantity: z.number(),
        price: z.number().optional(),
        currency: text.optional(),
      }),
    ),
  }),
  /** What this version does not know: kept, answered politely, never an exception. */
  z.object({ ...inboundBase, type: z.literal('unsupported'), originalType: text }),
])
export type InboundMessage = z.output<typeof inboundMessageSchema>
/** The `type` of a message that a customer can send. */
export type InboundType = InboundMessage['type']
/** What a transport may hand over: the fields with defaults may be left out. */
export type InboundMessageInput = z.input<typeof inboundMessageSchema>

const knownTypes: ReadonlySet<unknown> = new Set(inboundMessageSchema.options.map((option) => option.shape.type.value))

/**
 * Checks one message from outside. An unknown `type` becomes `unsupported`; anything else that is wrong throws a
 * `WaAgentError` with code `invalid_message` that names the field.
 */
export function parseInboundMessage(input: unknown): InboundMessage {
  const type = typeof input === 'object' && input !== null && 'type' in input ? input.type : undefined
  const candidate =
    typeof type === 'string' && !knownTypes.has(type)
      ? { ...(input as object), type: 'unsupported', originalType: type }
      : input
  const result = inboundMessageSchema.safeParse(candidate)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue?.path.join('.') || 'message'
  throw new WaAgentError(
    'invalid_message',
    `Expected a valid inbound message, but "${where}" is wrong: ${issue?.message}.`,
    {
      cause: result.error,
    },
  )
}

/** A file to send: by URL, by a path on this machine, or by its bytes. */
export const outboundMediaSchema = z.union([
  z.object({ url: z.url(), mimeType: z.string().optional(), fileName: text.optional() }),
  z.object({ path: z.string().min(1), mimeType: z.string().optional(), fileName: text.optional() }),
  z.object({ base64: z.base64(), mimeType: z.string(), fileName: text.optional() }),
])
export type OutboundMedia = z.output<typeof outboundMediaSchema>

const outboundBase = { replyTo: replyTo.optional() }
const outboundCaptioned = { media: outboundMediaSchema, caption: text.optional() }
const title = text.refine((value) => !isBlank(value), 'there is nothing to read in it')
const choice = z.object({ id: opaqueId, title, description: text.optional() })
const section = z.object({ title: text.optional(), rows: z.array(choice).min(1) })

interface PlacedId {
  readonly id: string
  readonly path: PropertyKey[]
}

/** Providers refuse choices with one id, and nobody could tell which of them was chosen. */
function refuseSameIds(placed: readonly PlacedId[], context: z.RefinementCtx): void {
  const ids = new Set<string>()
  for (const { id, path } of placed) {
    if (ids.has(id)) context.addIssue({ code: 'custom', path, message: 'another choice has this id' })
    ids.add(id)
  }
}

const buttons = z
  .array(choice)
  .min(1)
  .superRefine((all, context) => {
    refuseSameIds(
      all.map(({ id }, index) => ({ id, path: [index, 'id'] })),
      context,
    )
  })
const sections = z
  .array(section)
  .min(1)
  .superRefine((all, context) => {
    const placed = all.flatMap(({ rows }, index) =>
      rows.map(({ id }, row) => ({ id, path: [index, 'rows', row, 'id'] })),
    )
    refuseSameIds(placed, context)
  })

/** Everything an agent can say. What a transport cannot carry is turned into something it can, or refused before sending. */
export const outboundMessageSchema = z.discriminatedUnion('type', [
  z.object({ ...outboundBase, type: z.literal('text'), text }),
  z.object({ ...outboundBase, type: z.literal('image'), ...outboundCaptioned }),
  z.object({ ...outboundBase, type: z.literal('video'), ...outboundCaptioned }),
  z.object({
    ...outboundBase,
    type: z.literal('audio'),
    media: outboundMediaSchema,
    voice: z.boolean().default(false),
  }),
  z.object({ ...outboundBase, type: z.literal('document'), ...outboundCaptioned }),
  z.object({ ...outboundBase, type: z.literal('sticker'), media: outboundMediaSchema }),
  z.object({ ...outboundBase, type: z.literal('location'), ...location }),
  z.object({ ...outboundBase, type: z.literal('contacts'), contacts: z.array(contactCard).min(1) }),
  z.object({ ...outboundBase, type: z.literal('reaction'), emoji: text, to: opaqueId }),
  /** A message that the provider approved beforehand: the only kind allowed outside the 24-hour window. */
  z.object({
    ...outboundBase,
    type: z.literal('template'),
    name: z.string().min(1),
    language: z.string().min(2),
    parameters: z.array(text).default([]),
  }),
  z.object({
    ...outboundBase,
    type: z.literal('buttons'),
    text,
    footer: text.optional(),
    buttons,
  }),
  z.object({
    ...outboundBase,
    type: z.literal('list'),
    text,
    footer: text.optional(),
    /** The label of the button that opens the list. */
    button: text,
    sections,
  }),
])
export type OutboundMessage = z.output<typeof outboundMessageSchema>
/** The `type` of a message that an agent can send. */
export type OutboundType = OutboundMessage['type']
/** What an agent may write: the fields with defaults may be left out. */
export type OutboundMessageInput = z.input<typeof outboundMessageSchema>

/** Checks one message to send; throws a `WaAgentError` with code `invalid_output` that names the field. */
export function parseOutboundMessage(input: unknown): OutboundMessage {
  const result = outboundMessageSchema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue?.path.join('.') || 'message'
  throw new WaAgentError(
    'invalid_output',
    `Expected a message that can be sent, but "${where}" is wrong: ${issue?.message}.`,
    {
      cause: result.error,
    },
  )
}

/** What the message says in words, for classification and for a model: text, caption, chosen title; otherwise ''. */
export function textOf(message: InboundMessage | OutboundMessage): string {
  switch (message.type) {
    case 'text':
    case 'buttons':
    case 'list':
      return message.text
    case 'image':
    case 'video':
    case 'document':
      return message.caption ?? ''
    case 'selection':
      return message.selection.title
    case 'reaction':
      return message.emoji
    case 'order':
      return message.text ?? ''
    case 'location':
      return [message.name, message.address].filter(Boolean).join(', ')
    case 'template':
      return message.parameters.join(' ')
    case 'audio':
    case 'contacts':
    case 'sticker':
    case 'unsupported':
      return ''
  }
}
