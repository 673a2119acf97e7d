import { z } from 'zod'

// The wire types of Meta's webhooks, as far as they are read. Everything else in them is left alone, and what does not look
// as expected is left out rather than refused.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages

/** A string that is there, or nothing. */
export const optionalText = z.string().optional().catch(undefined)
const opaqueId = z.string().min(1).max(1024)
const optionalId = opaqueId.optional().catch(undefined)
const list = z.array(z.unknown()).optional().catch(undefined)

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview */
export const envelopeSchema = z.object({
  entry: z.array(z.object({ changes: list }).catch({})),
})

export const changeSchema = z.object({
  field: optionalText,
  value: z.object({
    metadata: z.object({ phone_number_id: optionalText }).optional().catch(undefined),
    contacts: list,
    messages: list,
    statuses: list,
    /** Only of the field `smb_message_echoes`. */
    message_echoes: list,
    errors: list,
  }),
})
export type MetaValue = z.output<typeof changeSchema>['value']

/** `wa_id` is absent where the user has a username and is not known; `user_id` is absent in webhooks before April 2026. */
export const contactSchema = z.object({
  wa_id: optionalId,
  user_id: optionalId,
  profile: z.object({ name: optionalText }).optional().catch(undefined),
})
export type MetaContact = z.output<typeof contactSchema>

/** Seconds since 1970, mostly as a string; no later than a date can be. */
const timestamp = z.coerce.number().positive().max(8.64e15).optional().catch(undefined)

/** What every message has; its content is under the name of its type. */
export const messageSchema = z.looseObject({
  id: opaqueId,
  type: z.string().min(1).catch('unknown'),
  timestamp,
  from: optionalId,
  from_user_id: optionalId,
  /** Only of echoes: whom the owner wrote to. */
  to: optionalId,
  to_user_id: optionalId,
  group_id: optionalId,
  context: z.object({ id: optionalId }).optional().catch(undefined),
})
export type MetaMessage = z.output<typeof messageSchema>

/**
 * What a notice says of a customer's ids:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
 */
export const systemSchema = z.object({ wa_id: optionalId, user_id: optionalId, previous_user_id: optionalId })

const errorItem = z.object({ code: z.coerce.number().optional().catch(undefined), title: optionalText })

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status */
export const statusSchema = z.object({
  id: optionalId,
  status: z.string(),
  timestamp,
  biz_opaque_callback_data: optionalId,
  errors: z.array(errorItem).optional().catch(undefined),
})
export type MetaStatus = z.output<typeof statusSchema>

/** The answer to a send: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages */
export const sendAnswerSchema = z.object({
  messages: z
    .array(z.object({ id: optionalId }).catch({}))
    .optional()
    .catch(undefined),
  /** Of those who pass Meta's answer on, also as a text. */
  success: z.union([z.boolean(), z.stringbool()]).optional().catch(undefined),
  error: z
    .object({
      code: z.coerce.number().int().optional().catch(undefined),
      is_transient: z.boolean().optional().catch(undefined),
      fbtrace_id: optionalText,
    })
    .optional()
    .catch(undefined),
})
