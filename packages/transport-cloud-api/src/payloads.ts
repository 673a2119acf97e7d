import { z } from 'zod'

const optionalText = z.string().optional().catch(undefined)

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media */
export const uploadAnswerSchema = z.object({ id: z.string().min(1) })

/** `url` is good for five minutes. */
export const mediaAnswerSchema = z.object({
  url: z.string().min(1),
  sha256: optionalText,
  file_size: z.coerce.number().optional().catch(undefined),
})
export type MediaAnswer = z.output<typeof mediaAnswerSchema>
