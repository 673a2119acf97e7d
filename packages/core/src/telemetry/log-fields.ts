import type { ConversationKey } from '../conversation.ts'
import type { QueueJob } from '../queue.ts'
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

/** What every log line about a job says: whose it is, a tag of its id (which may hold a phone number), and the trace that it came with. */
export function jobFieldsOf({ tenant, channel, id, trace }: QueueJob): Record<string, string> {
  const traceId = trace?.['traceparent']?.split('-')[1]
  return { tenant, channel, job: tagOf(id), ...(traceId && { traceId }) }
}
