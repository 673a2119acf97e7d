import { defineAgent } from '@wa-agent/core'

// #region buttons
export const sizes = defineAgent({
  name: 'sizes',
  description: 'Lets the customer choose a size.',
  intents: {
    boxes: { examples: ['do you have boxes', 'I need boxes', 'which boxes are there'] },
    small: { rules: ['size:small'] },
    large: { rules: ['size:large'] },
  },
  respond({ intent, reply }) {
    if (intent?.name === 'small' || intent?.name === 'large')
      return reply.text(`One ${intent.name} box. Anything else?`)
    reply.buttons('Which size do you need?', [
      { id: 'size:small', title: 'Small' },
      { id: 'size:large', title: 'Large' },
    ])
  },
})
// #endregion
