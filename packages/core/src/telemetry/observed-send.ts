import type { ConversationKey } from '../conversation.ts'
import type { StoredReply } from '../storage.ts'
import type { SendResult } from '../transport.ts'
import { conversationAttributesOf } from './attributes.ts'
import { tagOf } from './tags.ts'
import type { Telemetry } from './telemetry.ts'

/** What an attempt to send begins with. */
export interface SendStart {
  readonly conversation: ConversationKey
  readonly reply: StoredReply
  /** 1 for the first. */
  readonly attempt: number
  /** Which kind of transport. */
  readonly transport: string
  readonly now: () => number
}

/**
 * Sends in a span of its own. To be called within the trace of the reply, so that it is a child of the turn that it belongs to,
 * whichever process took that. By tags it says what it answers.
 */
export function observeSend(
  telemetry: Telemetry,
  start: SendStart,
  send: () => Promise<SendResult>,
): Promise<SendResult> {
  if (!telemetry.isOn) return send()
  const { conversation, reply, attempt, transport, now } = start
  const attributes = {
    ...conversationAttributesOf(conversation),
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    // Ours, and no phone number: those of providers are.
    'messaging.message.id': reply.id,
    'wa_agent.reply.kind': reply.kind,
    'wa_agent.reply.type': reply.message.type,
    'wa_agent.answers': reply.inReplyTo.map(tagOf),
    'wa_agent.transport': transport,
    'wa_agent.attempt': attempt,
  }
  return telemetry.spanFrom({ name: 'wa_agent.send', attributes }, async (span) => {
    const beganMs = now()
    const result = await send()
    span.set({ 'wa_agent.result': result.status })
    if (result.status !== 'sent') span.fail(result.reason)
    const { instruments } = telemetry
    if (!instruments) return result
    const labels = instruments.with(conversation)
    const tookMs = now() - beganMs
    instruments.took('wa_agent_send_duration_seconds', tookMs, { ...labels, result: result.status })
    const receivedAtMs = telemetry.given.of(reply.id)
    if (result.status === 'sent' && receivedAtMs !== undefined)
      instruments.took('wa_agent_response_time_seconds', now() - receivedAtMs, labels)
    return result
  })
}
