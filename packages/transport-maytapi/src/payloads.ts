import { z } from 'zod'

// What Maytapi sends, as far as its OpenAPI description 1.9.1 (the callbacks of `POST /setWebhook`) and its changelog tell
// (https://maytapi.com/changelog). Nothing in it is required: a field of another type counts as absent, so that a change at
// Maytapi costs one field and never a message.

const word = z
  .union([z.string(), z.number()])
  .transform((value) => String(value))
  .optional()
  .catch(undefined)
/** What is longer is none: the engine takes no such ids. */
const identifier = word.refine((value) => value === undefined || value.length <= 400).catch(undefined)
const number = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d+(\.\d+)?$/)
      .transform(Number),
  ])
  .optional()
  .catch(undefined)
const flag = z.boolean().optional().catch(undefined)

const userSchema = z.object({ id: identifier, name: word, phone: identifier }).optional().catch(undefined)

const messageSchema = z.object({
  type: word,
  id: identifier,
  _serialized: identifier,
  fromMe: flag,
  text: word,
  caption: word,
  url: word,
  mime: word,
  filename: word,
  /** `latitude,longitude` of a location; the card of a `vcard`. */
  payload: word,
  vcard: word,
  vcardList: z.array(z.unknown()).optional().catch(undefined),
  // Reactions and answers to buttons ride on `message` since 2026; how their fields are called is not documented.
  reaction: word,
  emoji: word,
  msgId: identifier,
  selectedId: identifier,
  buttonId: identifier,
})
export type MaytapiMessage = z.output<typeof messageSchema>

const ackSchema = z
  .object({
    ackType: word,
    ackCode: number,
    chatId: identifier,
    /** The id that `sendMessage` answered with. */
    msgId: identifier,
    /** WhatsApp's own id of the message, the one of its echo. */
    rxid: identifier,
    /** Seconds since 1970. */
    time: number,
    reaction: word,
    reactionId: identifier,
    reactorId: identifier,
    /** Only poll votes have it. */
    options: z.array(z.unknown()).optional().catch(undefined),
  })
  .catch({})
export type MaytapiAck = z.output<typeof ackSchema>

const failureSchema = z.object({ id: identifier, phone_id: word }).catch({})

/** Any event: `message`, `ack`, `status`, `error`, `live_event`, or one of tomorrow. */
export const eventSchema = z.object({
  type: word,
  product_id: word,
  productId: word,
  pid: word,
  phone_id: word,
  phoneId: word,
  /** An object in an event `message`, words in an event `error`. */
  message: z.union([messageSchema, z.string()]).optional().catch(undefined),
  user: userSchema,
  /** The chat; empty in some direct ones. */
  conversation: identifier,
  /** Our own number. */
  receiver: identifier,
  /** Seconds since 1970. */
  timestamp: number,
  quoted: z.object({ id: identifier, _serialized: identifier }).nullish().catch(undefined),
  status: word,
  code: word,
  data: z.unknown().optional(),
})
export type MaytapiEvent = z.output<typeof eventSchema>

/** The entries of an event `ack`. */
export function acksOf({ data }: MaytapiEvent): readonly MaytapiAck[] {
  const entries = Array.isArray(data) ? data : data === undefined ? [] : [data]
  return entries.map((entry) => ackSchema.parse(entry))
}

/** What an event `error` is about. */
export function failureOf({ data }: MaytapiEvent): z.output<typeof failureSchema> {
  return failureSchema.parse(data)
}

/** What happened in Maytapi's live chat: `taken_by_agent`, `released_by_agent` or `closed`. */
export function liveEventOf({ data }: MaytapiEvent): string | undefined {
  return z.object({ event: word }).catch({ event: undefined }).parse(data).event
}

/** The answer to `POST /{product}/{phone}/sendMessage`. */
export const sendAnswerSchema = z.object({
  success: z.union([z.boolean(), z.string()]).optional().catch(undefined),
  message: word,
  code: word,
  data: z.object({ msgId: identifier }).optional().catch(undefined),
})

/** The answer to `GET /{product}/{phone}/status`. */
export const statusAnswerSchema = z.object({
  status: z.object({
    loggedIn: flag,
    /** Whether the phone is at the QR code. */
    isQr: flag,
    loading: flag,
    state: z.object({ canSend: flag }).optional().catch(undefined),
  }),
})

const cardSchema = z.object({ displayName: word, vcard: word })

/** The cards of a `vcard` or `multi_vcard`, each as its text and, where it is told, the name that is shown. */
export function cardsOf(message: MaytapiMessage): readonly { readonly name?: string; readonly card: string }[] {
  const entries = message.vcardList ?? [message.vcard ?? message.payload]
  return entries.flatMap((entry) => {
    if (typeof entry === 'string') return [{ card: entry }]
    const { success, data } = cardSchema.safeParse(entry)
    if (!success || (data.vcard === undefined && data.displayName === undefined)) return []
    const card = data.vcard ?? ''
    return [data.displayName === undefined ? { card } : { card, name: data.displayName }]
  })
}
