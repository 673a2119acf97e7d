// #region agent
import { createPipeline, defineAgent } from '@wa-agent/core'

export const openingHours = defineAgent({
  name: 'opening-hours',
  description: 'Tells when the shop is open.',
  intents: {
    hours: {
      examples: ['when are you open', 'what are your opening hours', 'are you open on sunday', 'until when can I come'],
    },
    holidays: {
      examples: ['are you open at christmas', 'do you work on public holidays', 'are you closed on new year'],
    },
  },
  respond({ intent, reply }) {
    switch (intent?.name) {
      case 'holidays':
        reply.text('We are closed on public holidays.')
        break
      case 'hours':
      case undefined:
        reply.text('We are open Monday to Saturday, 9:00 to 18:00.')
        break
    }
  },
})
// #endregion

// #region pipeline
export const pipeline = createPipeline({ agents: [openingHours] })
// #endregion
