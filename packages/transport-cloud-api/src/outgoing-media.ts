import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { OutboundMedia, OutboundMessage, SendResult } from '@wa-agent/core'
import type { MetaMedia } from '@wa-agent/transport-kit/meta'
import type { CloudApiClient } from './client.ts'
import { maxUploadBytes } from './limits.ts'

type MediaType = keyof typeof maxUploadBytes
type MediaMessage = Extract<OutboundMessage, { type: MediaType }>

/** The file of a message as Meta can have it, `undefined` where it has none, or why it cannot be sent. */
export async function outgoingMedia(
  message: OutboundMessage,
  client: Pick<CloudApiClient, 'upload'>,
  signal: AbortSignal,
): Promise<MetaMedia | undefined | { readonly failed: SendResult }> {
  if (!hasMedia(message)) return undefined
  const { media } = message
  if ('url' in media) return { link: media.url }
  const file = await readOutgoing(media, message.type)
  if (!(file instanceof File)) return { failed: file }
  const uploaded = await client.upload(file, signal)
  return 'id' in uploaded ? uploaded : { failed: uploaded }
}

function hasMedia(message: OutboundMessage): message is MediaMessage {
  return message.type in maxUploadBytes
}

async function readOutgoing(
  media: Exclude<OutboundMedia, { url: string }>,
  type: MediaType,
): Promise<File | SendResult> {
  const limit = maxUploadBytes[type]
  if ('base64' in media) {
    const bytes = Buffer.from(media.base64, 'base64')
    const { mimeType } = media
    return bytes.byteLength > limit
      ? tooLarge(type)
      : new File([bytes], media.fileName ?? `file${extensionOf(mimeType)}`, { type: mimeType })
  }
  try {
    const { size } = await stat(media.path)
    if (size > limit) return tooLarge(type)
    const name = media.fileName ?? basename(media.path)
    const mimeType = media.mimeType ?? mimeTypes.get(extname(media.path).toLowerCase()) ?? usualMimeTypes[type]
    return new File([await readFile(media.path)], name, { type: mimeType })
  } catch (error) {
    return unreadable(error)
  }
}

function tooLarge(type: MediaType): SendResult {
  const reason = `the file is larger than the ${maxUploadBytes[type]} bytes that Meta takes for ${type}`
  return { status: 'failed', retryable: false, reason }
}

function unreadable(error: unknown): SendResult {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return { status: 'failed', retryable: false, reason: `the file cannot be read: ${code}` }
}

// What Meta takes: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
const mimeTypes: ReadonlyMap<string, string> = new Map([
  ['.jpg', 'image/jpeg'],
  ['.jpeg', 'image/jpeg'],
  ['.png', 'image/png'],
  ['.webp', 'image/webp'],
  ['.mp4', 'video/mp4'],
  ['.3gp', 'video/3gpp'],
  ['.aac', 'audio/aac'],
  ['.amr', 'audio/amr'],
  ['.m4a', 'audio/mp4'],
  ['.mp3', 'audio/mpeg'],
  ['.ogg', 'audio/ogg'],
  ['.opus', 'audio/ogg'],
  ['.pdf', 'application/pdf'],
  ['.txt', 'text/plain'],
  ['.doc', 'application/msword'],
  ['.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['.xls', 'application/vnd.ms-excel'],
  ['.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['.ppt', 'application/vnd.ms-powerpoint'],
  ['.pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
])

const usualMimeTypes: Readonly<Record<MediaType, string>> = {
  image: 'image/jpeg',
  audio: 'audio/ogg',
  video: 'video/mp4',
  document: 'application/octet-stream',
  sticker: 'image/webp',
}

function extensionOf(mimeType: string): string {
  for (const [extension, type] of mimeTypes) {
    if (type === mimeType) return extension
  }
  return ''
}
