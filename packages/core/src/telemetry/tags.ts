import { hash } from 'node:crypto'
import { type ConversationKey, conversationId } from '../conversation.ts'

const tagLength = 12

/**
 * A short name for an id that may hold a phone number: the first 48 bits of its SHA-256, in hex. The same id has the same tag
 * in every process. It is a pseudonym: who has a list of numbers can find out which of them it is.
 */
export function tagOf(id: string): string {
  return hash('sha256', id, 'hex').slice(0, tagLength)
}

/** The tag of a conversation. */
export function conversationTag(conversation: ConversationKey): string {
  return tagOf(conversationId(conversation))
}
