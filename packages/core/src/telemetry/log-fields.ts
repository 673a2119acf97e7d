import type { ConversationKey } from '../conversation.ts'
import { conversationTag, tagOf } from './tags.ts'
import { currentTelemetry } from './telemetry.ts'

/**
 * What every log line about a conversation says: whose it is, tags of the conversation and of the message (the provider's ids may
 * be phone numbers), and the trace where there is one.
 */
export function logFieldsOf(conversation: ConversationKey, messageId?: string): Record<string, string> {
  const { tenant, channel } = conversation
  const { traceId } = currentTelemetry()
  return {
    tenant,
    channel,
    conversation: conversationTag(conversation),
    ...(messageId === undefined ? {} : { message: tagOf(messageId) }),
    ...(traceId === undefined ? {} : { traceId }),
  }
}
