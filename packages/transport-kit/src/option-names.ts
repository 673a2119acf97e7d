import type { ColdLimits, NamesOf, SendLimits, WindowTemplate } from '@wa-agent/core'

const cold: NamesOf<ColdLimits> = {
  perDay: true,
  warmUp: { firstDay: true, factor: true },
  pauseMs: { least: true, most: true },
  quietHours: { from: true, until: true },
  timeZone: true,
}

/** The names of `SendLimits`, for a factory that checks its options with `checkNames`. */
export const sendLimitNames: NamesOf<SendLimits> = {
  messagesPerSecond: true,
  perChat: { everyMs: true, burst: true },
  cold,
}

/** The names of a `WindowTemplate`. An outbound message of this type is one too. */
export const windowTemplateNames: NamesOf<WindowTemplate> & { readonly type: true } = {
  type: true,
  name: true,
  language: true,
  parameters: true,
}
