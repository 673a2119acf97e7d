import { type Agent, defineAgent } from '@wa-agent/core'
import { answerUnknown } from './answer-unknown.ts'
import type { ModelBasis } from './ask-model.ts'
import { parcelCorner } from './shop-details.ts'

/** Answers what no intent was recognised in. With a `store` its model can also look at the customer's orders. */
export function fallbackAgent(basis: ModelBasis): Agent {
  return defineAgent({
    name: 'fallback',
    description: 'Answers what no other agent understood, and shows what can be done.',
    respond: (context) => answerUnknown(context, basis),
  })
}

/** The fallback of the shop of the examples. */
export const shopFallback: Agent = fallbackAgent({ shop: parcelCorner })
