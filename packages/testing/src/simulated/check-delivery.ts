import { type Capabilities, type Delivery, type OutboundMessage, textOf } from '@wa-agent/core'

/** What a sender must not do because the transport's capabilities say so; `undefined` where all is well. */
export function breachOf({ message }: Delivery, capabilities: Capabilities): string | undefined {
  const text = textOf(message).length
  if (!capabilities.types.includes(message.type)) return `type "${message.type}" is not among the capabilities`
  if (!capabilities.quotes && message.replyTo) return 'replyTo is set, but the transport has no quotations'
  if ('caption' in message && text > capabilities.maxCaptionLength) {
    return `the caption has ${text} units, at most ${capabilities.maxCaptionLength} are allowed`
  }
  if (['text', 'buttons', 'list'].includes(message.type) && text > capabilities.maxTextLength) {
    return `the text has ${text} units, at most ${capabilities.maxTextLength} are allowed`
  }
  return choicesBreach(message, capabilities)
}

function choicesBreach(message: OutboundMessage, { maxButtons, maxListRows }: Capabilities): string | undefined {
  if (message.type === 'buttons' && message.buttons.length > maxButtons) {
    return `there are ${message.buttons.length} buttons, at most ${maxButtons} are allowed`
  }
  const rows = message.type === 'list' ? message.sections.flatMap((section) => section.rows).length : 0
  return rows > maxListRows ? `there are ${rows} list rows, at most ${maxListRows} are allowed` : undefined
}
