import { type OutboundMedia, type OutboundMessage, textOf } from '@wa-agent/core'

/** Any message in words, for a file that people and tests read: what has no text of its own gets a line in brackets. */
export function renderText(message: OutboundMessage): string {
  switch (message.type) {
    case 'text':
      return message.text
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker':
      return lines([`[${message.type}: ${mediaName(message.media)}]`, textOf(message)])
    case 'location':
      return lines([textOf(message), `[location: ${message.latitude},${message.longitude}]`])
    case 'contacts':
      return lines(
        message.contacts.map(({ name, phones, emails }) => `[contact: ${[name, ...phones, ...emails].join(', ')}]`),
      )
    case 'reaction':
      return `[reaction: ${message.emoji}]`
    case 'template':
      return lines([`[template: ${message.name}]`, ...message.parameters])
    case 'buttons':
      return lines([message.text, ...numbered(message.buttons), message.footer])
    case 'list':
      return lines([message.text, ...numbered(message.sections.flatMap((section) => section.rows)), message.footer])
  }
}

function mediaName(media: OutboundMedia): string {
  if (media.fileName !== undefined) return media.fileName
  if ('url' in media) return media.url
  return 'path' in media ? media.path : media.mimeType
}

function numbered(choices: readonly { readonly title: string }[]): string[] {
  return choices.map(({ title }, index) => `${index + 1}. ${title}`)
}

function lines(parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join('\n')
}
