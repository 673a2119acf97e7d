/** How long after the customer's last message anything may be said: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages */
export const windowMs = 86_400_000

/** Larger files are not passed on by Meta (error 131052). */
export const defaultMaxMediaBytes = 100 * 2 ** 20

/** The most that Meta takes: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media */
export const maxUploadBytes = {
  image: 5 * 2 ** 20,
  audio: 16 * 2 ** 20,
  video: 16 * 2 ** 20,
  document: 100 * 2 ** 20,
  /** Of animated ones; the others may have 100 KB. */
  sticker: 500 * 2 ** 10,
} as const

/** Where Meta keeps files: addresses are on `lookaside.fbsbx.com`; the others are hosts that it redirects to. */
export const mediaHosts = ['.fbsbx.com', '.fbcdn.net', '.whatsapp.net'] as const
