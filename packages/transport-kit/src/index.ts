// HTTP calls to a provider

export { createHttpClient, failedAnswer } from './http-client.ts'
export type { HttpAnswer, HttpClient, HttpClientOptions, HttpFailure, HttpOutcome, HttpRequest } from './http-client.ts'
export { createToken, type Token, type TokenSource } from './token.ts'
export { withToken, type WithTokenOptions } from './with-token.ts'

// Options that several transports have

export { sendLimitNames, windowTemplateNames } from './option-names.ts'

// Webhooks of a provider

export { hmacSha256Hex, sameSecret } from './secrets.ts'
export { acknowledge, leftOut, type ReadJsonOptions, type ReadJsonResult, readJson, refused } from './webhook.ts'

// Contacts as WhatsApp's clients exchange them

export { type Card, parseCard, writeCard } from './vcard.ts'

// Files at a provider

export { plainReason } from './plain-reason.ts'
export { isAllowedHost } from './allowed-url.ts'
export { isGone, type OpenSafelyOptions, openSafely } from './media.ts'
