import { applyMentions } from './order-changes.ts'
import { askAgain, asking, beginOrder, type Dialogue } from './order-dialogue.ts'
import { askNext, describeLine } from './order-questions.ts'
import { completeLine, type Line, nextQuestion, type OrderSession, openLine } from './order-session.ts'
import { findProduct } from './products.ts'
import { describeProblem } from './quantity.ts'
import type { Mention } from './understand-items.ts'
import { addWords, changeWords, insteadWords, moreWords } from './vocabulary.ts'
import { hasAny } from './words.ts'

/** Puts what was named into the cart and asks what is missing. Says whether something was named. */
export function take(dialogue: Dialogue, mentions = dialogue.mentions): boolean {
  if (mentions.length === 0) return false
  const { context, words } = dialogue
  const { session } = context
  if (refusesNegative(dialogue, mentions)) return true
  const isFirst = session.lines.length === 0
  beginOrder(context)
  useInterest(session, mentions[0])
  const { lines, problem, soldOut } = applyMentions(session, mentions, {
    adding: hasAny(words, addWords),
    more: hasAny(words, moreWords),
    changing: hasAny(words, changeWords) || session.asked === 'correction',
    replacing: hasAny(words, insteadWords),
  })
  if (soldOut) askNext(asking(dialogue), `Sorry, the ${soldOut.label} is sold out at the moment.`)
  else if (problem === 'zero' && leaveOut(session, lines)) askNext(asking(dialogue), 'OK, I left that out.')
  else if (problem) askNext(asking(dialogue), describeProblem(problem))
  else if (lines.length > 0) askNext(asking(dialogue), acknowledgement(session, { lines, isFirst }))
  else return false
  return true
}

/** "Minus 5 boxes": how many are meant is asked, and nothing is changed before that is known. */
function refusesNegative(dialogue: Dialogue, mentions: readonly Mention[]): boolean {
  const { session, reply } = dialogue.context
  const mention = mentions.find(({ quantity }) => quantity === 'negative')
  const complete = session.lines.filter(completeLine)
  if (!mention || complete.length === 0) return false
  const isNamed = mention.product !== undefined || mention.key !== undefined
  // The bare number is the answer to "how many?".
  if (!isNamed && openLine(session)) return false
  const meant = isNamed ? complete.findLast((line) => isAbout(line, mention)) : complete.at(-1)
  const line = meant && completeLine(meant)
  if (!line) {
    askAgain(dialogue, 'That is not in your order.')
    return true
  }
  // A number by itself is about the last line.
  session.lines = [...session.lines.filter((other) => other !== meant), meant]
  session.asked = 'correction'
  reply.text(`I can only take numbers of at least 1. You have ${describeLine(line)}. How many shall it be in all?`)
  return true
}

function isAbout(line: Line, { product, key }: Mention): boolean {
  const complete = completeLine(line)
  const isVariant = key === undefined || complete?.variant.keys.includes(key) === true
  return isVariant && (product === undefined || line.product === product)
}

/** None of one of several things: it is taken out of the cart. */
function leaveOut(session: OrderSession, [line, ...others]: readonly Line[]): boolean {
  if (!line || others.length > 0 || session.lines.length < 2) return false
  session.lines = session.lines.filter((known) => known !== line)
  return true
}

/** "10 large" after a look at the boxes means boxes. */
function useInterest(session: OrderSession, mention: Mention | undefined) {
  const { interest } = session
  delete session.interest
  if (interest && (mention?.product === undefined || mention.product === interest.product)) session.lines.push(interest)
}

/** What was understood is said back; before the confirmation the whole order is. */
function acknowledgement(session: OrderSession, { lines, isFirst }: { lines: readonly Line[]; isFirst: boolean }) {
  const next = nextQuestion(session)
  if (next === 'confirm') return ''
  const complete = lines.map(completeLine).filter((line) => line !== undefined)
  const open = openLine(session)
  // The first question of an order has its own words, and a product without a quantity is in the question itself.
  const parts = isFirst ? [] : lines.filter((line) => !completeLine(line) && (line !== open || next === 'variant'))
  const known = [...complete.map(describeLine), ...parts.map(describePart)].filter((part) => part !== '')
  return known.length > 0 ? `Got it, ${known.join(' and ')}.` : ''
}

function describePart({ product: id, quantity }: Line): string {
  const product = findProduct(id)
  return product && quantity !== undefined ? `${quantity} × ${product.name}` : ''
}
