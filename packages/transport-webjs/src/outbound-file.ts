import { open } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { isWaAgentError, type OutboundMedia, type SendResult } from '@wa-agent/core'
import { openSafely } from '@wa-agent/transport-kit'

/** The bytes of a file, and what it is. */
export interface LoadedFile {
  readonly base64: string
  readonly mimeType: string
  readonly fileName: string | undefined
}

export interface LoadOptions {
  readonly maxBytes: number
  readonly allowedHosts: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** For a file without a type: what WhatsApp carries. */
const typeByExtension: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
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

/** Loads a file that is to be sent, or says why it cannot be: WhatsApp Web takes nothing but bytes. */
export async function loadFile(media: OutboundMedia, options: LoadOptions): Promise<LoadedFile | SendResult> {
  const fileName = media.fileName ?? nameOf(media)
  if ('base64' in media) {
    const sizeBytes = Buffer.byteLength(media.base64, 'base64')
    if (sizeBytes > options.maxBytes) return tooLarge(options)
    return { base64: media.base64, mimeType: media.mimeType, fileName }
  }
  const mimeType =
    media.mimeType ?? typeByExtension[extname(fileName ?? '').toLowerCase()] ?? 'application/octet-stream'
  const bytes = 'url' in media ? await fetched(media.url, options) : await readAtMost(media.path, options)
  return Buffer.isBuffer(bytes) ? { base64: bytes.toString('base64'), mimeType, fileName } : bytes
}

function nameOf(media: OutboundMedia): string | undefined {
  if ('path' in media) return basename(media.path)
  if ('url' in media)
    return URL.parse(media.url)
      ?.pathname.split('/')
      .findLast((part) => part !== '')
  return undefined
}

/** From its own host at a public address, or from those that are allowed. */
async function fetched(url: string, options: LoadOptions): Promise<Buffer | SendResult> {
  const { maxBytes, signal, timeoutMs, allowedHosts } = options
  const own = URL.parse(url)?.hostname
  try {
    const hosts = own === undefined ? allowedHosts : [...allowedHosts, own]
    const stream = await openSafely({ url, allowedHosts: hosts, maxBytes, signal, timeoutMs })
    return Buffer.from(await new Response(stream).arrayBuffer())
  } catch (error) {
    if (isWaAgentError(error) && error.code === 'media_too_large') return tooLarge(options)
    const retryable = signal.aborted || (isWaAgentError(error) && error.retryable)
    return { status: 'failed', retryable, reason: 'the file to send cannot be fetched' }
  }
}

async function readAtMost(path: string, options: LoadOptions): Promise<Buffer | SendResult> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    return size > options.maxBytes ? tooLarge(options) : await file.readFile()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return { status: 'failed', retryable: false, reason: `the file to send cannot be read${code}` }
  }
}

function tooLarge({ maxBytes }: LoadOptions): SendResult {
  return { status: 'failed', retryable: false, reason: `the file to send has more than ${maxBytes} bytes` }
}
