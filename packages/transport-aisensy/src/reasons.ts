import { metaErrorWords } from '@wa-agent/transport-kit/meta'
import { failureSchema } from './payloads.ts'

/** `failureResponse` as `131026 undeliverable`: Meta's codes have our words, others the provider's. */
export function failureReason(failure: unknown): string {
  if (typeof failure === 'string') return shortReason(failure) || 'failed'
  const { data } = failureSchema.safeParse(failure)
  const words = shortReason(data?.reason ?? data?.message ?? data?.title ?? '')
  const code = data?.code ?? data?.errorCode
  if (code !== undefined && /^\d{1,6}$/.test(code)) return metaErrorWords(Number(code), words)
  return [code && shortReason(code), words].filter(Boolean).join(' ') || 'failed'
}

const maxReasonLength = 200

/** Providers quote what they refuse: neither a phone number nor a key must get into logs. */
export function shortReason(words: string): string {
  return words
    .slice(0, 5 * maxReasonLength)
    .replace(/\+?\d[\d\s()-]{6,}\d/g, '#')
    .replace(/\S{24,}/g, '#')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxReasonLength)
}
