import type { OutboundMessage } from '../message.ts'
import { isBlank } from '../normalize.ts'
import { stripReasoning } from './reasoning.ts'
import { findUnsafe } from './unsafe-text.ts'

/** What is to be done with a message before it may leave. */
export type CheckResult =
  | { readonly verdict: 'pass'; readonly message: OutboundMessage }
  /** Says nothing: it is left out. */
  | { readonly verdict: 'empty' }
  /** Shows what no customer should see: it is replaced by the safe text. */
  | { readonly verdict: 'unsafe'; readonly reason: string }

/**
 * The last look at a message before it goes into the outbox. Reasoning is cut out; a stack trace, an error's text, a tool's
 * output or a secret makes the whole message unsafe, because what stands around it was not meant for the customer either.
 */
export function lastCheck(message: OutboundMessage): CheckResult {
  switch (message.type) {
    case 'text':
      return checked(message, message.text, (text) => ({ ...message, text }))
    case 'buttons':
    case 'list':
      return checked(message, message.text, (text) => ({ ...message, text }))
    case 'image':
    case 'video':
    case 'document': {
      if (message.caption === undefined) return labelsChecked(message)
      const result = checked(message, message.caption, (caption) => ({ ...message, caption }))
      if (result.verdict !== 'empty') return result
      const { caption: _, ...withoutCaption } = message
      return labelsChecked(withoutCaption)
    }
    case 'template':
    case 'contacts':
    case 'location':
    case 'audio':
    case 'reaction':
    case 'sticker':
      return labelsChecked(message)
  }
}

/** `text` is the words of `message`, which `rebuild` puts others in place of. */
function checked(message: OutboundMessage, text: string, rebuild: (text: string) => OutboundMessage): CheckResult {
  const visible = stripReasoning(text)
  if (isBlank(visible)) return { verdict: 'empty' }
  const isWhole = visible === text || stripReasoning(visible) === visible
  const reason = isWhole ? findUnsafe(visible) : 'model reasoning'
  if (reason !== undefined) return { verdict: 'unsafe', reason }
  return labelsChecked(visible === text ? message : rebuild(visible))
}

/** What else a customer reads of a message is short and not written by a model: it is good, or it is unsafe. */
function labelsChecked(message: OutboundMessage): CheckResult {
  const labels = labelsOf(message)
  const reason = labels.length > 0 ? findUnsafe(labels.filter((label) => label !== undefined).join('\n')) : undefined
  return reason === undefined ? { verdict: 'pass', message } : { verdict: 'unsafe', reason }
}

function labelsOf(message: OutboundMessage): readonly (string | undefined)[] {
  switch (message.type) {
    case 'buttons':
      return [message.footer, ...message.buttons.flatMap(({ title, description }) => [title, description])]
    case 'list': {
      const rows = message.sections.flatMap((section) => section.rows)
      const titles = message.sections.map((section) => section.title)
      return [
        message.footer,
        message.button,
        ...titles,
        ...rows.flatMap(({ title, description }) => [title, description]),
      ]
    }
    case 'image':
    case 'video':
    case 'document':
    case 'audio':
    case 'sticker':
      return message.media.fileName === undefined ? [] : [message.media.fileName]
    case 'template':
      return message.parameters
    case 'location':
      return [message.name, message.address]
    case 'contacts':
      return message.contacts.map((contact) => contact.name)
    case 'text':
    case 'reaction':
      return []
  }
}
