// #region spoki
import { spokiTransport } from '@wa-agent/transport-spoki'

/** Templates have names here, and numbers and custom fields at Spoki. */
export const spokiNumber = (secrets: { readonly apiKey: string; readonly webhookSecret: string }) =>
  spokiTransport({
    ...secrets,
    templates: {
      flight_delayed: { id: 7001, fields: ['GUEST', 'NEW_TIME'] },
      write_to_us: { id: 7002 },
    },
    windowTemplate: { name: 'write_to_us', language: 'en' },
  })
// #endregion
