import { type Delivery, isWaAgentError, type OutboundMedia, type SendResult } from '@wa-agent/core'
import { createHttpClient } from '@wa-agent/transport-kit'
import { type MetaMedia, renderMeta } from '@wa-agent/transport-kit/meta'
import { readCampaignAnswer, readMessageAnswer } from './answer.ts'
import type { AisensyClient } from './client.ts'
import { campaignFor, renderCampaign } from './render.ts'
import type { Settings } from './settings.ts'
import { upload } from './upload.ts'

export type Send = (delivery: Delivery, options: { readonly signal: AbortSignal }) => Promise<SendResult>

/** The way out: templates through the Campaign API where it carries them, everything else through the other one. */
export function createSend(settings: Settings, client: AisensyClient): { readonly send: Send; close(): void } {
  const campaigns = createCampaigns(settings)

  async function send(delivery: Delivery, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    const { message } = delivery
    if (message.type === 'template') {
      const name = campaignFor(message, settings.campaign)
      if (name !== undefined) return campaigns.send(delivery, { name, signal })
    }
    const media = 'media' in message ? await place(message.media, signal) : undefined
    if (media && 'failed' in media) return media.failed
    return readMessageAnswer(await client.post({ path: 'messages', json: render(delivery, media), signal }))
  }

  function render(delivery: Delivery, media: MetaMedia | undefined): Record<string, unknown> {
    const body = renderMeta(delivery, media)
    if (settings.api.type === 'direct') return body
    // Webhooks of the Project API do not bring it back.
    const { biz_opaque_callback_data: _, ...rest } = body
    return rest
  }

  async function place(media: OutboundMedia, signal: AbortSignal) {
    if ('url' in media) return { link: media.url }
    if (settings.api.type === 'direct') return upload(media, { client, signal })
    const reason = 'the Project API takes files by their public URL only'
    return { failed: { status: 'failed', retryable: false, reason } as const }
  }

  return {
    send: (delivery, options) => send(delivery, options).catch(asResult),
    close: () => campaigns.close(),
  }
}

function createCampaigns({ campaign, timeoutMs, clock, fetch }: Settings) {
  // The client appends a path to its base, and the address of campaigns has none below it.
  const address = campaign && new URL(campaign.url)
  const http = address && createHttpClient({ baseUrl: new URL('.', address).href, timeoutMs, clock, fetch })
  const path = address?.pathname.split('/').at(-1) ?? ''
  return {
    async send(delivery: Delivery, { name, signal }: { readonly name: string; readonly signal: AbortSignal }) {
      const json =
        campaign && delivery.message.type === 'template'
          ? renderCampaign(delivery.message, { campaign, name, chat: delivery.chat })
          : undefined
      if (!http || json === undefined) return noNumber
      return readCampaignAnswer(await http.request({ method: 'POST', path, json, signal }))
    },
    close: () => http?.close(),
  }
}

const noNumber: SendResult = {
  status: 'failed',
  retryable: false,
  reason: 'a campaign goes to phone numbers only, and this chat has none',
}

/** Without a token nothing leaves. */
function asResult(error: unknown): SendResult {
  if (!isWaAgentError(error) || error.code !== 'send_failed') throw error
  const { retryable, retryAfterMs, message: reason } = error
  return { status: 'failed', retryable, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}
