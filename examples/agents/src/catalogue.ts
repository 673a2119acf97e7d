import { type Agent, defineAgent, type Reply, type RespondContext } from '@wa-agent/core'
import { z } from 'zod'
import { type Asked, askModel, type ModelBasis } from './ask-model.ts'
import { catalogueIntents } from './catalogue-intents.ts'
import { describeCatalogue } from './describe-product.ts'
import { askProduct, listVariants } from './order-questions.ts'
import { describePrice, findProduct, findVariant, formatPrice } from './products.ts'
import { describeProblem, type Quantity } from './quantity.ts'
import { goodsWordsOf } from './split-address.ts'
import { guessProduct, mentionsIn } from './understand-items.ts'
import { priceWords } from './vocabulary.ts'
import { hasAny } from './words.ts'

/** What the customer looked at last: "10 large" is about that. */
export const catalogueSessionSchema = z.object({
  interest: z
    .object({
      product: z.string(),
      key: z.string().optional(),
      quantity: z.number().int().positive().optional(),
    })
    .optional(),
})
type Interest = NonNullable<z.output<typeof catalogueSessionSchema>['interest']>
type Shown = Omit<Interest, 'quantity'> & { readonly quantity?: Quantity | undefined }

/** Says what the shop has and what it costs. */
export function catalogueAgent(basis: ModelBasis): Agent {
  return defineAgent({
    name: 'catalogue',
    description: 'Says what the shop sells, in which sizes and at what price.',
    intents: catalogueIntents,
    session: catalogueSessionSchema,
    async respond({ intent, session, ...context }) {
      const { text, message, reply } = context
      const last = session.interest
      delete session.interest
      const words = goodsWordsOf(text)
      const isBrowsing = intent?.name === 'browse'
      const isChosen = intent?.name === 'show' && message.type === 'selection'
      const shown = isChosen
        ? [{ product: message.selection.id.slice('show:'.length) }]
        : shownBy(words, isBrowsing ? undefined : last)
      const ids = [...new Set(shown.map(({ product }) => product))]
      const [first] = shown
      if (!first) return answerWithout(context, { isBrowsing, basis })
      if (ids.length > 1) return reply.text(`${describeCatalogue(ids)}\nWrite what you need, e.g. "10 large boxes".`)
      const { quantity, ...rest } = first
      session.interest = typeof quantity === 'number' ? { ...rest, quantity } : rest
      answerProduct(reply, { shown: first, asksPrice: hasAny(words, priceWords) })
    },
  })
}

/** What a text is about: the products that it names, or a size or a price of what was looked at before. */
function shownBy(words: readonly string[], last: Interest | undefined): Shown[] {
  const mentions = mentionsIn(words)
  const named = mentions.flatMap(({ product, ...rest }) => (product === undefined ? [] : [{ product, ...rest }]))
  if (named.length > 0) return named
  const guess = guessProduct(words)
  if (guess !== undefined) return [{ product: guess }]
  const rest = mentions[0]
  const isAboutLast = rest !== undefined || hasAny(words, priceWords)
  return last && isAboutLast ? [{ product: last.product, key: last.key, ...rest }] : []
}

type Context = Asked & Pick<RespondContext, 'reply'>

async function answerWithout(context: Context, how: { isBrowsing: boolean; basis: ModelBasis }): Promise<void> {
  if (how.isBrowsing)
    return askProduct(context.reply, 'This is what we sell. Choose one to see sizes and prices:', 'show')
  const answer = await askModel(context, how.basis)
  if (answer !== undefined) return context.reply.text(answer)
  askProduct(context.reply, 'Sorry, I cannot find that in our shop. This is what we have:', 'show')
}

function answerProduct(reply: Reply, { shown, asksPrice }: { shown: Shown; asksPrice: boolean }) {
  const product = findProduct(shown.product)
  if (!product) return askProduct(reply, 'This is what we have:', 'show')
  const variant = findVariant(product, shown.key)
  if (!variant) {
    const intro = asksPrice ? `These are our ${product.name} and prices.` : `Yes, we have ${product.name}.`
    return listVariants(reply, `${intro} ${product.question}`, product.id)
  }
  if (variant.soldOut) {
    return listVariants(reply, `Sorry, the ${variant.label} is sold out at the moment. We have:`, product.id)
  }
  const { quantity } = shown
  if (typeof quantity === 'number') {
    const sum = formatPrice(variant.priceCents * quantity)
    return reply.text(`${quantity} × ${variant.label}: ${sum}. Would you like to order them?`)
  }
  const problem = quantity === undefined ? '' : `${describeProblem(quantity)} `
  const yes = asksPrice ? 'The' : 'Yes, we have it: the'
  reply.text(`${problem}${yes} ${variant.label} is ${describePrice(product, variant)}. How many would you like?`)
}
