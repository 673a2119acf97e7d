import { createHash } from 'node:crypto'
import type { InboundMessageInput } from '@wa-agent/core'
import type { z } from 'zod'
import type { simpleMessageSchema } from './protocol.ts'

type SimpleMessage = z.output<typeof simpleMessageSchema>

/** Seconds of the next centuries are below it, milliseconds since 1973 above. */
const smallestMilliseconds = 100_000_000_000

/** One message as the first desktop agents send it, in the vocabulary of the SDK. */
export function fromSimple(simple: SimpleMessage): InboundMessageInput {
  const { from, message, metadata = {} } = simple
  const { name, author, isGroup } = metadata
  const id = simple.id ?? idOf(simple)
  const base = {
    id,
    chat: from,
    from: { id: author ?? from, ...(name === undefined ? {} : { name }) },
    isGroup: isGroup ?? from.endsWith('@g.us'),
    sentAtMs: millisecondsOf(simple.timestamp),
  }
  const { mimeType, fileName, sizeBytes } = metadata
  const media = {
    reference: id,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(fileName === undefined ? {} : { fileName }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  }
  const caption = message === '' ? {} : { caption: message }
  const { type = 'text' } = simple
  switch (type) {
    case 'text':
    case 'chat':
      return { ...base, type: 'text', text: message }
    case 'image':
    case 'video':
    case 'document':
      return { ...base, type, media, ...caption }
    case 'audio':
    case 'ptt':
      return { ...base, type: 'audio', media, voice: type === 'ptt' }
    case 'sticker':
      return { ...base, type, media }
    default:
      return { ...base, type: 'unsupported', originalType: type }
  }
}

/** A retry of who gives no ids is the same message: the same words, or file, of the same person at the same moment. */
function idOf({ tenantId, from, message, timestamp, type = 'text', metadata = {} }: SimpleMessage): string {
  const { author, fileName, mimeType, sizeBytes } = metadata
  const said = [type, message, fileName, mimeType, sizeBytes]
  const content = JSON.stringify([tenantId, from, author, millisecondsOf(timestamp), ...said])
  return `desktop-${createHash('sha256').update(content).digest('hex').slice(0, 40)}`
}

function millisecondsOf(timestamp: SimpleMessage['timestamp']): number {
  if (typeof timestamp === 'string') return Date.parse(timestamp)
  return Math.floor(timestamp < smallestMilliseconds ? timestamp * 1000 : timestamp)
}
