import type { ChannelKey, ConversationKey } from '../conversation.ts'
import type { SpanAttributes } from './span-attributes.ts'
import { conversationTag } from './tags.ts'

/** What every span about a channel says, in OpenTelemetry's words for messaging where it has some. */
export function spanAttributesOf({ tenant, channel }: ChannelKey): SpanAttributes {
  return { 'messaging.system': 'whatsapp', 'wa_agent.tenant': tenant, 'wa_agent.channel': channel }
}

/** And about a conversation: its tag, since its id is mostly a phone number. */
export function conversationAttributesOf(conversation: ConversationKey): SpanAttributes {
  return { ...spanAttributesOf(conversation), 'wa_agent.conversation': conversationTag(conversation) }
}
