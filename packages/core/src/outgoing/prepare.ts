import type { OfferedChoice } from '../conversation.ts'
import type { OutboundMessage } from '../message.ts'
import type { Capabilities } from '../transport.ts'
import { adaptMessage } from './adapt.ts'
import { lastCheck } from './last-check.ts'

/** What leaves for a list of messages. */
export interface Prepared {
  readonly messages: readonly OutboundMessage[]
  /** The choices that the messages offer; absent where none does. */
  readonly choices?: readonly OfferedChoice[]
  /** What was left out or replaced, and why: for the log. */
  readonly warnings: readonly string[]
}

/**
 * The one door for everything that leaves: the last check, then the transport's capabilities. Where a message must not
 * leave, or nothing is left of all of them, `fallbackText` takes its place, once.
 */
export function prepareMessages(
  messages: readonly OutboundMessage[],
  { capabilities, fallbackText }: { readonly capabilities: Capabilities; readonly fallbackText: string | false },
): Prepared {
  const fallback = () =>
    fallbackText === false ? [] : adaptMessage({ type: 'text', text: fallbackText }, capabilities).messages
  const ready: OutboundMessage[] = []
  const warnings: string[] = []
  let choices: readonly OfferedChoice[] | undefined
  let replaced = false
  for (const message of messages) {
    const result = lastCheck(message)
    if (result.verdict === 'pass') {
      const adapted = adaptMessage(result.message, capabilities)
      ready.push(...adapted.messages)
      // "2" can only mean one list: the one that was offered last.
      if (adapted.choices) choices = adapted.choices
    } else if (result.verdict === 'unsafe') {
      warnings.push(`a message (${message.type}) was replaced before sending: ${result.reason}`)
      if (!replaced) ready.push(...fallback())
      replaced = true
    } else {
      warnings.push(`a message (${message.type}) was left out: it was empty`)
    }
  }
  if (ready.length === 0 && warnings.length > 0 && !replaced) ready.push(...fallback())
  return { messages: ready, warnings, ...(choices ? { choices } : {}) }
}
