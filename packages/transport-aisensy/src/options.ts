import type { Clock, SendLimits, WindowTemplate } from '@wa-agent/core'

/** The Project API: one project, one password (dashboard: Manage, API Keys). */
export interface AisensyProjectApi {
  readonly type: 'project'
  /** 24 hexadecimal digits. Deliveries of other projects are refused. */
  readonly projectId: string
  readonly password: string
  /** Where the password goes. Default: `X-AiSensy-Project-API-Pwd`; partners have `X-AiSensy-Partner-API-Key`. */
  readonly authHeader?: string | undefined
  /** Default: `https://apis.aisensy.com/project-apis/v1`. Calls go to `{baseUrl}/project/{projectId}/...`. */
  readonly baseUrl?: string | undefined
}

/** The Direct API of partners: a token, or what a token is made from. Webhooks come in Meta's format. */
export interface AisensyDirectApi {
  readonly type: 'direct'
  /** A token, or a function that is asked at first and whenever a token was rejected. */
  readonly token?: string | (() => string | Promise<string>) | undefined
  /** A token is made from these where there is none, and a new one when it was rejected: once for all calls in flight. */
  readonly credentials?: AisensyCredentials | undefined
  /** Deliveries that name another project are refused. Default: the one of `credentials`. */
  readonly projectId?: string | undefined
  /** Where `Bearer <token>` goes. Default: `Authorization`. */
  readonly authHeader?: string | undefined
  /** Default: `https://backend.aisensy.com/direct-apis/t1`. */
  readonly baseUrl?: string | undefined
}

/** The account of a partner, and the project that the token is for. */
export interface AisensyCredentials {
  readonly email: string
  readonly password: string
  readonly projectId: string
}

/** The Campaign API: templates as API campaigns that are live in the dashboard. */
export interface AisensyCampaignOptions {
  /** Dashboard: Manage, API Key. */
  readonly apiKey: string
  /**
   * The campaign that carries the templates; or by template's name the campaign that carries it, where the others go through
   * `api`.
   */
  readonly name: string | Readonly<Record<string, string>>
  /** What AiSensy calls a customer that it does not know. Default: the customer's number. */
  readonly userName?: string
  /** Shown as the source of the lead. */
  readonly source?: string
  /** For templates with a file in their header. */
  readonly media?: { readonly url: string; readonly filename: string }
  /** Default: `https://backend.aisensy.com/campaign/t1/api/v2`. */
  readonly url?: string | undefined
}

/** Options of `aisensyTransport`. */
export interface AisensyTransportOptions {
  /** Default: `default`. */
  readonly tenant?: string | undefined
  /** Default: `main`. */
  readonly channel?: string | undefined
  /** Which API sends. */
  readonly api: AisensyProjectApi | AisensyDirectApi
  /**
   * The shared secret of the webhook, with which AiSensy signs. One of `webhookSecret` and `webhookToken` is needed; where
   * both are given, a request is taken that has either.
   */
  readonly webhookSecret?: string | undefined
  /**
   * For accounts that show no secret: at least 16 unguessable characters that you append to the webhook's address, as
   * `?token=...`.
   */
  readonly webhookToken?: string | undefined
  /** Default: `X-AiSensy-Signature`. */
  readonly signatureHeader?: string
  /** Meta's id of the number: deliveries in Meta's format that are for another one are left out. Default: not checked. */
  readonly phoneNumberId?: string | undefined
  /** Sends templates instead of `api`. */
  readonly campaign?: AisensyCampaignOptions | undefined
  /** Goes out in place of a reply that comes more than 24 hours after the customer's last message. */
  readonly windowTemplate?: WindowTemplate
  /** Default: Meta's, 80 messages a second and to one customer one every 6 seconds after a burst of 45. */
  readonly limits?: SendLimits
  /** Hosts from which files that came in are read. Default: CloudFront's, `.cloudfront.net`. */
  readonly allowedMediaHosts?: readonly string[]
  /** Default: 100 MiB. */
  readonly maxMediaBytes?: number
  /** A webhook with more is refused with 413. Default: 4 MiB. */
  readonly maxWebhookBytes?: number
  /** For each call of AiSensy. Default: 30,000. */
  readonly timeoutMs?: number
  /** Takes the place of the transport's own connections, e.g. for a proxy. */
  readonly fetch?: typeof fetch | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock
}
