import type { DeliveryStatus, DeliveryUpdate } from '@wa-agent/core'
import { metaErrorWords } from './error-codes.ts'
import { millisecondsOf } from './parse-message.ts'
import { type MetaStatus, statusSchema } from './payloads.ts'

/** `played` is a voice message that was listened to. */
const statuses: ReadonlyMap<string, DeliveryStatus> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['played', 'read'],
  ['failed', 'failed'],
])

export type ParsedStatus = { readonly update: DeliveryUpdate } | { readonly ignored: string }

/** Reads what became of a message of ours. */
export function parseStatus(raw: unknown, nowMs: number): ParsedStatus {
  const parsed = statusSchema.safeParse(raw)
  if (!parsed.success) return { ignored: 'malformed status' }
  const { id, biz_opaque_callback_data: replyId, timestamp } = parsed.data
  const status = statuses.get(parsed.data.status)
  if (status === undefined) return { ignored: `status ${parsed.data.status.slice(0, 40)}` }
  if (id === undefined && replyId === undefined) return { ignored: 'status without id' }
  return {
    update: {
      ...(id === undefined ? {} : { providerId: id }),
      ...(replyId === undefined ? {} : { replyId }),
      status,
      atMs: timestamp === undefined ? nowMs : millisecondsOf(timestamp),
      ...(status === 'failed' ? { reason: reasonOf(parsed.data) } : {}),
    },
  }
}

function reasonOf({ errors }: MetaStatus): string {
  const [first] = errors ?? []
  return first?.code === undefined ? 'failed without a code' : metaErrorWords(first.code, first.title)
}
