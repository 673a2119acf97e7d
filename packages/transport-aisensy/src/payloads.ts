import { z } from 'zod'

// What AiSensy sends, as its Project API documents it (https://aisensy.stoplight.io/docs/project-api/, "Project Webhook")
// and as real deliveries differ from that. Nothing in here refuses a delivery: a field of the wrong type counts as missing.

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined)

/** Longer ids the engine does not take. */
const maxIdLength = 1024

/** Ids and names: empty means missing, and a number is as good as its digits. */
const word = optional(
  z
    .union([z.string(), z.number().transform(String)])
    .transform((value) => (value.trim() === '' || value.length > maxIdLength ? undefined : value)),
)
const text = optional(z.string())
/** Coordinates and prices come as numbers and as strings. */
const number = optional(z.union([z.number(), z.string().trim().min(1).transform(Number).pipe(z.number())]))

/** The end of the year 9999: no provider means a later time. */
const latestMs = Date.UTC(10_000, 0)

/** Milliseconds in the documentation, ISO 8601 in real deliveries; seconds where somebody copied Meta. */
const timeMs = optional(
  z.union([z.number(), z.string().min(1)]).transform((value) => {
    const count = Number(value)
    const atMs = Math.round(Number.isNaN(count) ? Date.parse(String(value)) : count < 1e11 ? count * 1000 : count)
    return atMs > 0 && atMs < latestMs ? atMs : undefined
  }),
)

const choice = optional(z.looseObject({ id: text, title: text }))

const cardSchema = z.looseObject({
  name: optional(z.union([z.string(), z.looseObject({ formatted_name: text, first_name: text })])),
  phones: optional(z.array(z.union([z.string(), z.looseObject({ phone: text, wa_id: text })]).catch(''))),
  emails: optional(z.array(z.union([z.string(), z.looseObject({ email: text })]).catch(''))),
})

const itemSchema = z.looseObject({
  product_retailer_id: word,
  quantity: number,
  item_price: number,
  currency: text,
})

/** `message_content` of every `message_type`. Which names stand for ids of buttons and rows is not documented. */
const contentFields = z.looseObject({
  text: optional(z.union([z.string(), z.looseObject({ body: text })])),
  body: text,
  caption: text,
  title: text,
  id: word,
  payload: word,
  callbackPayload: word,
  postbackText: word,
  button_reply: choice,
  list_reply: choice,
  url: optional(z.string().min(1)),
  mimeType: word,
  mime_type: word,
  fileName: word,
  filename: word,
  voice: optional(z.boolean()),
  animated: optional(z.boolean()),
  latitude: number,
  longitude: number,
  name: text,
  address: text,
  contacts: optional(z.array(cardSchema.catch({}))),
  emoji: text,
  message_id: word,
  messageId: word,
  catalog_id: word,
  product_items: optional(z.array(itemSchema.catch({}))),
})
export type MessageContent = z.output<typeof contentFields>

const contentSchema = z
  .union([z.string().transform((value): MessageContent => ({ text: value })), contentFields])
  .catch({})

/** `data.message` of `message.created`, `message.sender.user` and `message.status.updated`. */
export const messageSchema = z.looseObject({
  id: word,
  /** The id that WhatsApp gave it, `wamid....`. */
  messageId: word,
  project_id: word,
  /** With the country's code in most deliveries, without it in the documentation. */
  phone_number: word,
  countryCode: word,
  contact_id: word,
  userName: text,
  user_name: text,
  /** `USER`, `AGENT`, `API`, `SYSTEM` or `ASSISTANT`. */
  sender: word,
  message_type: word,
  message_content: contentSchema,
  status: word,
  is_HSM: optional(z.boolean()),
  campaign: z.unknown().optional(),
  /** What the Campaign API answered when the message was submitted; often empty. */
  submitted_message_id: word,
  sent_at: timeMs,
  delivered_at: timeMs,
  read_at: timeMs,
  failed_at: timeMs,
  failureResponse: z.unknown().optional(),
  context: optional(z.looseObject({ id: word })),
})
export type AisensyMessage = z.output<typeof messageSchema>

/** `data.contact` of the topics `contact.*`. */
export const contactSchema = z.looseObject({ id: word, phone_number: word, country_code: word }).catch({
  id: undefined,
  phone_number: undefined,
  country_code: undefined,
})

/** The envelope of every delivery. `data` is looked at once the topic is known. */
export const envelopeSchema = z.looseObject({
  id: word,
  topic: z.string(),
  created_at: timeMs,
  project_id: word,
  data: z.record(z.string(), z.unknown()),
})
export type Envelope = z.output<typeof envelopeSchema>

/** `failureResponse` of a message that failed. */
export const failureSchema = z.looseObject({ code: word, errorCode: word, reason: text, message: text, title: text })

/** What the APIs answer where something is wrong: three spellings of the same. */
export const refusalSchema = z.looseObject({
  name: word,
  errorCode: word,
  errorMessage: text,
  message: text,
  error: z.unknown().optional(),
  aisTraceId: word,
})

/** The answer of the Campaign API; `success` is the string `"true"`. */
export const campaignAnswerSchema = z.looseObject({
  success: optional(z.union([z.string(), z.boolean()])),
  submitted_message_id: word,
  error: z.unknown().optional(),
})

/** The answer of `POST /users/regenrate-token`. */
export const tokenAnswerSchema = z.looseObject({ users: z.array(z.looseObject({ token: z.string().min(1) })).min(1) })
