// #region aisensy
import { aisensyTransport } from '@wa-agent/transport-aisensy'

export interface AisensySecrets {
  readonly projectId: string
  readonly password: string
  readonly webhookSecret: string
  readonly campaignKey: string
}

/** The Project API; one template goes out by a campaign that is live in the dashboard. */
export const aisensyNumber = ({ projectId, password, webhookSecret, campaignKey }: AisensySecrets) =>
  aisensyTransport({
    api: { type: 'project', projectId, password },
    webhookSecret,
    campaign: { apiKey: campaignKey, name: { we_have_an_answer: 'answer_campaign' } },
    windowTemplate: { name: 'we_have_an_answer', language: 'en' },
  })
// #endregion
