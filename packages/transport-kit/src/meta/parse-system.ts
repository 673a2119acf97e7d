import type { InboundMessageInput } from '@wa-agent/core'
import { aliasesOf } from './aliases.ts'
import { type MetaMessage, systemSchema } from './payloads.ts'

/**
 * Reads the notice that a customer has another number or business-scoped id now, as something that nobody wrote and that joins
 * the conversations of both. `undefined` where it makes no new id known:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
 */
export function parseSystem(message: MetaMessage, sentAtMs: number): InboundMessageInput | undefined {
  const { data: system } = systemSchema.safeParse(message['system'])
  if (!system) return undefined
  const { wa_id: phone, user_id: bsuid, previous_user_id: previous } = system
  const former = [message.from, message.from_user_id, previous].filter((id) => id !== undefined)
  const now = [phone, bsuid].find((id) => id !== undefined && !former.includes(id))
  const [chat] = former
  if (now === undefined || chat === undefined) return undefined
  const aliases = aliasesOf({ phones: [phone, message.from], bsuids: [bsuid, message.from_user_id, previous] })
  return {
    id: message.id,
    chat,
    from: { id: now, aliases },
    automated: true,
    sentAtMs,
    type: 'unsupported',
    originalType: 'system',
  }
}
