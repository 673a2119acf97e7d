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
 * Sends in a span of its own. To be called within `asPartOf`, so that it is a child of the turn that the reply belongs to; where
 * that is not known any more, because another process took it, the span says by tags what it answers.
 */
export function observeSend(
  telemetry: Telemetry,
  start: SendStart,
  send: () => Promise<SendResult>,
): Promise<SendResult> {
  if (!telemetry.isOn) return send()
  const { conversation, reply, attempt, transport, now } = start
  const given = telemetry.given.of(reply.id)
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
    if (result.status === 'sent' && given?.receivedAtMs !== undefined)
      instruments.took('wa_agent_response_time_seconds', now() - given.receivedAtMs, labels)
    return result
  })
}

/** Does the work on a reply within the trace of its turn. */
export function asPartOf<Result>(telemetry: Telemetry, replyId: string, work: () => Result): Result {
  return telemetry.withTrace(telemetry.given.of(replyId)?.trace, work)
}
