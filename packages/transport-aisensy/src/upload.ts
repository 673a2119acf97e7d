import { openAsBlob } from 'node:fs'
import { basename, extname } from 'node:path'
import type { OutboundMedia, SendResult } from '@wa-agent/core'
import { failedAnswer, type HttpOutcome } from '@wa-agent/transport-kit'
import { z } from 'zod'
import type { AisensyClient } from './client.ts'

/** A file as a message names it, or why the message cannot be sent. */
export type UploadResult = { readonly id: string } | { readonly failed: SendResult }

/**
 * What Meta takes beside documents:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
 */
const mimeTypes: Readonly<Record<string, string>> = {
  '.aac': 'audio/aac',
  '.amr': 'audio/amr',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.m4a': 'audio/mp4',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.ogg': 'audio/ogg',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.3gp': 'video/3gpp',
}

const answerSchema = z.looseObject({ id: z.string().min(1) })

/** Puts a file of ours at the Direct API (`POST /media`). Nothing has gone to the customer by that, so it may be tried again. */
export async function upload(
  media: Exclude<OutboundMedia, { url: string }>,
  { client, signal }: { readonly client: AisensyClient; readonly signal: AbortSignal },
): Promise<UploadResult> {
  const file = await fileOf(media)
  if (file === undefined) return refuse({ retryable: false, reason: 'the file cannot be read' })
  const form = new FormData()
  form.append('file', file)
  return idOf(await client.post({ path: 'media', body: form, signal }))
}

function idOf(outcome: HttpOutcome): UploadResult {
  if (outcome.kind !== 'answer') return { failed: failedAnswer({ ...outcome, kind: 'unsent' }) }
  const { status, body, retryAfterMs } = outcome
  const id = answerSchema.safeParse(body).data?.id
  if (status < 300 && id !== undefined) return { id }
  const later = retryAfterMs === undefined ? {} : { retryAfterMs }
  return refuse({
    retryable: status === 429 || status >= 500,
    reason: `the upload was refused: HTTP ${status}`,
    ...later,
  })
}

function refuse(failure: { readonly retryable: boolean; readonly reason: string; readonly retryAfterMs?: number }) {
  return { failed: { status: 'failed', ...failure } } as const
}

async function fileOf(media: Exclude<OutboundMedia, { url: string }>): Promise<File | undefined> {
  const name = media.fileName ?? ('path' in media ? basename(media.path) : 'file')
  const type = media.mimeType ?? mimeTypes[extname(name).toLowerCase()] ?? 'application/octet-stream'
  if ('base64' in media) return new File([Buffer.from(media.base64, 'base64')], name, { type })
  try {
    return new File([await openAsBlob(media.path)], name, { type })
  } catch {
    return undefined
  }
}
