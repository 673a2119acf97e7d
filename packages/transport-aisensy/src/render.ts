import type { OutboundMessage } from '@wa-agent/core'
import type { CampaignSettings } from './settings.ts'

export type TemplateMessage = Extract<OutboundMessage, { type: 'template' }>

/** The campaign that carries a template; `undefined` where the template goes through the other API. */
export function campaignFor(template: TemplateMessage, campaign: CampaignSettings | undefined): string | undefined {
  if (campaign === undefined) return undefined
  if (typeof campaign.name === 'string') return campaign.name
  return Object.hasOwn(campaign.name, template.name) ? campaign.name[template.name] : undefined
}

/**
 * The body of the Campaign API (https://aisensy.com/docs/api-docs/api-reference-docs, "API Reference Docs"): the key is in
 * it, and the number has its `+`, because one without is taken for an Indian one. `undefined` where `chat` is no number.
 */
export function renderCampaign(
  template: TemplateMessage,
  { campaign, name, chat }: { readonly campaign: CampaignSettings; readonly name: string; readonly chat: string },
): Record<string, unknown> | undefined {
  const digits = chat.replace(/^\+/, '')
  if (!/^\d{6,15}$/.test(digits)) return undefined
  const { apiKey, userName, source, media } = campaign
  return {
    apiKey,
    campaignName: name,
    destination: `+${digits}`,
    userName: userName ?? `+${digits}`,
    templateParams: template.parameters,
    ...(source === undefined ? {} : { source }),
    ...(media === undefined ? {} : { media }),
  }
}
