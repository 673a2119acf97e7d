import type { SendLimits } from '@wa-agent/core'
import { metaLimits } from '@wa-agent/transport-kit/meta'

/**
 * AiSensy publishes no rate of its own, so Meta's hold for the number behind it: "Throughput" and "Pair rate limits" at
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
 */
export const aisensyLimits: SendLimits = metaLimits

/**
 * A customer may be written to freely for 24 hours after their last message:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
 */
export const windowMs = 24 * 60 * 60 * 1000

/** A webhook with more is refused before it is looked at. Meta's have at most 3 MB. */
export const maxWebhookBytes = 4 * 2 ** 20

/** Meta's largest file, a document: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media */
export const maxMediaBytes = 100 * 2 ** 20

/** Files that came in are at CloudFront, where anybody with the address may read them. */
export const mediaHosts: readonly string[] = ['.cloudfront.net']

/**
 * How long to wait after HTTP 402: the account has no credit, and somebody has to fill it up
 * (https://help.aisensy.com/en/articles/5358962-api-reference-docs).
 */
export const noCreditPauseMs = 10 * 60 * 1000
