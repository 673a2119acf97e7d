import { z } from 'zod'
import { textOfId } from './ids.ts'

// What WhatsApp Web says of a message, as the library hands it on (`message.rawData`). Nothing in it is promised by anybody:
// a field of another type counts as absent, so that a change at WhatsApp costs one field and never a message.

const word = z.string().optional().catch(undefined)
const number = z.number().optional().catch(undefined)
const flag = z.boolean().optional().catch(undefined)
/** An id is text, or an object with the text in it. */
const id = z.unknown().optional().transform(textOfId)
const list = z.array(z.unknown()).optional().catch(undefined)

export const keySchema = z.object({
  fromMe: z.boolean(),
  remote: z.unknown().transform((value) => textOfId(value) ?? ''),
  id: z.string().min(1).max(200),
  participant: id,
  _serialized: word,
})

export const rawMessageSchema = z.object({
  id: keySchema,
  type: z.string().catch('unknown'),
  /** Seconds since 1970. */
  t: number,
  ack: number,
  from: id,
  to: id,
  author: id,
  /** The name that the sender gave themselves. */
  notifyName: word,
  body: word,
  caption: word,
  mimetype: word,
  filename: word,
  size: number,
  /** SHA-256 of the file, in Base64. */
  filehash: word,
  isAnimated: flag,
  isStatusV3: flag,
  /** Short: `id.id` of the message that is quoted. */
  quotedStanzaID: word,
  quotedParticipant: id,
  lat: number,
  lng: number,
  /** Name and address of a place, in two lines. */
  loc: word,
  vcardFormattedName: word,
  vcardList: list,
  selectedButtonId: word,
  /** Of an answer to a template. */
  selectedId: word,
  listResponse: z
    .object({
      title: word,
      singleSelectReply: z.object({ selectedRowId: word }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  orderId: word,
  orderTitle: word,
  token: word,
  message: word,
})
export type RawMessage = z.output<typeof rawMessageSchema>

export const rawReactionSchema = z.object({
  id: keySchema,
  /** The message that it is about. */
  msgId: keySchema,
  senderId: id,
  reaction: z.string().catch(''),
  /** Seconds since 1970. */
  timestamp: number,
})

export const cardSchema = z.object({ displayName: word, vcard: z.string() })

/** What the library makes of `getOrderDetail`. */
export const orderSchema = z.object({
  currency: word,
  products: z.array(
    z.object({
      id: z.string(),
      quantity: z.coerce.number().catch(1),
      price: z.coerce.number().optional().catch(undefined),
    }),
  ),
})
