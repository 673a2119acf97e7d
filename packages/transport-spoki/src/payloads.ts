import { z } from 'zod'

// What Spoki sends, after its public Postman collection (https://documenter.getpostman.com/view/21611004/UzBqnPvF) and the
// page on webhooks of its support (https://support.spoki.it/en/docs/integrations/). Integrations have seen other names of the
// same fields too, so nothing is required and each may have several: a field of another type counts as absent, so that a
// change at Spoki costs one field and never a message.

const word = z
  .union([z.string(), z.number()])
  .transform((value) => String(value))
  .optional()
  .catch(undefined)
/** What is longer is none: the engine takes no such ids. */
const identifier = word.refine((value) => value === undefined || value.length <= 400).catch(undefined)
const moment = z.union([z.string(), z.number()]).optional().catch(undefined)
const coordinate = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d+(\.\d+)?$/)
      .transform(Number),
  ])
  .optional()
  .catch(undefined)

const contactSchema = z
  .object({ id: identifier, uuid: identifier, phone: identifier, first_name: word, last_name: word, name: word })
  .optional()
  .catch(undefined)

/** A file, where the webhook was told to expand them. */
const fileSchema = z.object({
  media: word,
  url: word,
  file: word,
  link: word,
  content_type: word,
  mime_type: word,
  mimetype: word,
  filename: word,
  name: word,
  caption: word,
})
export type SpokiFile = z.output<typeof fileSchema>

const contentSchema = z.object({
  uuid: identifier,
  id: identifier,
  message_id: identifier,
  direction: word,
  /** `Message` or `Template`. */
  type: word,
  /** `Text`, `Image`, `Interactive` and others. */
  content_type: word,
  from_phone: identifier,
  from: identifier,
  to_phone: identifier,
  to: identifier,
  phone: identifier,
  wa_id: identifier,
  chat_id: identifier,
  text: word,
  body: word,
  caption: word,
  button_text: word,
  /** Of the button that was pressed. */
  payload: word,
  send_status: word,
  status: word,
  send_error_message: word,
  error_code: word,
  sent_datetime: moment,
  delivered_datetime: moment,
  read_datetime: moment,
  created_datetime: moment,
  created_at: moment,
  /** Milliseconds since 1970. */
  timestamp: moment,
  template: z.unknown().optional(),
  /** What was given to the send. */
  metadata: z.record(z.string(), z.unknown()).optional().catch(undefined),
  contact: contactSchema,
  mediamessage_set: z
    .array(fileSchema.catch({} as SpokiFile))
    .optional()
    .catch(undefined),
  replyToMessageUid: identifier,
  reply_to_message_uid: identifier,
  latitude: coordinate,
  longitude: coordinate,
})
export type SpokiContent = z.output<typeof contentSchema>

const envelopeSchema = z.object({
  event: word,
  type: word,
  /** Seconds since 1970, with decimals. */
  timestamp: moment,
  data: z.unknown().optional(),
  message: z.unknown().optional(),
  payload: z.unknown().optional(),
  result: z.unknown().optional(),
})

/** An event and what it is about. */
export interface SpokiEvent {
  readonly name: string
  readonly timestamp: string | number | undefined
  readonly content: SpokiContent
}

/** Reads an event; `undefined` for what is none. */
export function readEvent(body: unknown): SpokiEvent | undefined {
  const envelope = envelopeSchema.safeParse(body).data
  const name = envelope?.event ?? envelope?.type
  if (!envelope || name === undefined) return undefined
  const { data, message, payload, result, timestamp } = envelope
  for (const candidate of [data, message, payload, result]) {
    const content = contentSchema.safeParse(candidate).data
    if (content) return { name: name.toLowerCase(), timestamp, content }
  }
  return undefined
}

/** The answer to `POST /api/1/messages/send/`. */
export const sendAnswerSchema = z.object({
  id: identifier,
  uuid: identifier,
  error: word,
  error_code: word,
  detail: word,
  message: word,
  /** Some lists of Spoki wrap what they answer. */
  data: z.object({ id: identifier, uuid: identifier }).optional().catch(undefined),
})
