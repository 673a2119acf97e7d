import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import type { OutboundMedia, SendResult } from '@wa-agent/core'

/** A file as Maytapi takes it, or why it cannot be sent. */
export type OutboundFile = { readonly file: string } | { readonly failed: SendResult }

/** For a file without a type: what WhatsApp carries. */
const typeByExtension: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.mp4': 'video/mp4',
  '.3gp': 'video/3gpp',
  '.mp3': 'audio/mpeg',
  '.m4a': 'audio/mp4',
  '.aac': 'audio/aac',
  '.amr': 'audio/amr',
  '.ogg': 'audio/ogg; codecs=opus',
  '.pdf': 'application/pdf',
  '.txt': 'text/plain',
}

/** A URL goes as it is, since Maytapi fetches it; the bytes of a file go along as a `data:` URL. */
export async function outboundFile(media: OutboundMedia, maxBytes: number): Promise<OutboundFile> {
  if ('url' in media) return { file: media.url }
  if ('base64' in media) {
    const sizeBytes = Buffer.byteLength(media.base64, 'base64')
    return sizeBytes > maxBytes ? tooLarge(maxBytes) : { file: `data:${media.mimeType};base64,${media.base64}` }
  }
  try {
    const bytes = await readAtMost(media.path, maxBytes)
    if (!bytes) return tooLarge(maxBytes)
    const mimeType = media.mimeType ?? typeByExtension[extname(media.path).toLowerCase()] ?? 'application/octet-stream'
    return { file: `data:${mimeType};base64,${bytes.toString('base64')}` }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return { failed: { status: 'failed', retryable: false, reason: `the file to send cannot be read${code}` } }
  }
}

/** `undefined` where it has more. */
async function readAtMost(path: string, maxBytes: number): Promise<Buffer | undefined> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  return size > maxBytes ? undefined : await file.readFile()
}

function tooLarge(maxBytes: number): OutboundFile {
  const reason = `the file to send has more than ${maxBytes} bytes`
  return { failed: { status: 'failed', retryable: false, reason } }
}
