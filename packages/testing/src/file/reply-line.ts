import type { Delivery } from '@wa-agent/core'
import { renderText } from './render-text.ts'

/** A reply as a line says it, with its line break. */
export function replyLine({ id, inReplyTo, chat, message }: Delivery): string {
  return `${JSON.stringify({ id, inReplyTo, to: chat, text: renderText(message) })}\n`
}

/** The id of the reply that a line holds; `undefined` for a line that is torn or somebody else's. */
export function idOfLine(line: string): string | undefined {
  try {
    const content: unknown = JSON.parse(line)
    const isReply = typeof content === 'object' && content !== null && 'id' in content
    return isReply && typeof content.id === 'string' ? content.id : undefined
  } catch {
    return undefined
  }
}
