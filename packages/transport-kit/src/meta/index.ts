// Meta's message format, for the Cloud API and for providers that speak it too

export { type MetaWebhook, type ParseMetaWebhookOptions, parseMetaWebhook } from './parse-webhook.ts'
export { type MetaMedia, renderMeta } from './render.ts'
export { Recipients } from './recipients.ts'
export { metaErrorCode, readMetaAnswer } from './read-answer.ts'
export { type MetaErrorAction, metaErrorAction, metaErrorWords } from './error-codes.ts'
export { metaCapabilities, metaLimits } from './limits.ts'
