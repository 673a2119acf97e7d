import { createPipeline, defineAgent, defineTool, type Model } from '@wa-agent/core'
import { z } from 'zod'

const stock = new Map([['boxes', 120]])

// #region tool
const checkStock = defineTool({
  name: 'check_stock',
  description: 'How many pieces of a product are in the warehouse.',
  input: z.object({ product: z.string() }),
  run: ({ product }) => ({ pieces: stock.get(product) ?? 0 }),
})

export const catalogue = defineAgent({
  name: 'catalogue',
  description: 'Tells what the shop sells and what is in stock.',
  intents: { availability: { examples: ['do you have boxes', 'is the tape in stock', 'how many rolls are left'] } },
  tools: [checkStock],
  async respond({ llm, reply }) {
    if (!llm) return reply.text('A person will tell you in a moment what is in stock.')
    const answer = await llm.text({
      instructions: 'You answer for a shop, in one or two sentences, with facts of tools.',
    })
    reply.text(answer)
  },
})
// #endregion

// #region pipeline
export const shop = (model: Model | undefined) =>
  createPipeline({ agents: [catalogue], model, budget: { costUsdPerDay: 2 } })
// #endregion
