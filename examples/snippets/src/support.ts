import { createPipeline, defineAgent } from '@wa-agent/core'
import { z } from 'zod'

// #region intents
export const support = defineAgent({
  name: 'support',
  description: 'Helps with orders that are under way.',
  intents: {
    order_status: {
      description: 'Where an order is and when it arrives.',
      rules: ['status', /\border\s*#?(?<order>\d{4,})\b/i],
      examples: [
        'where is my order',
        'has my parcel shipped yet',
        'when will it arrive',
        'track my delivery',
        'I have not got my package',
        'did you send it already',
      ],
      entities: z.object({ order: z.string() }),
    },
    complaint: {
      examples: [
        'this is broken',
        'you sent me the wrong thing',
        'I am not happy with what I got',
        'it came damaged',
        'one piece is missing',
        'I want my money back',
      ],
    },
  },
  respond({ intent, reply }) {
    if (intent?.name === 'order_status')
      reply.text(`I will look up order ${intent.entities.order ?? 'without a number'}.`)
    else reply.text('I am sorry to hear that. What happened?')
  },
})
// #endregion

// #region pipeline
export const pipeline = createPipeline({
  agents: [support],
  examples: {
    // Sentences that customers write and that belong to none of the intents.
    outOfScope: ['do you have vacancies', 'what is the weather like', 'who won the match', 'tell me a joke'],
  },
})
// #endregion
