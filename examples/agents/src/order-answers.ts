import { answerUnknown } from './answer-unknown.ts'
import { describeProduct } from './describe-product.ts'
import {
  askAgain,
  asking,
  beginOrder,
  type Dialogue,
  edit,
  editNamed,
  keepPlaced,
  miss,
  place,
  take,
  withdrawPlaced,
} from './order-dialogue.ts'
import { askCorrection, askNext, describeOrder } from './order-questions.ts'
import { clearOrder, completeLines, nextQuestion, openLine } from './order-session.ts'
import { describePrice, findProduct, findVariant } from './products.ts'
import { readAddress } from './read-address.ts'
import { guessProduct } from './understand-items.ts'
import { addWords, changeWords, priceWords, removeWords, totalWords } from './vocabulary.ts'
import { hasAny, isQuestion } from './words.ts'
import { answerOf } from './yes-no.ts'

/** Takes the text as the answer to what was asked. */
export async function answerQuestion(dialogue: Dialogue): Promise<void> {
  switch (dialogue.context.session.asked) {
    case 'withdraw':
      return answerWithdraw(dialogue)
    case 'interest':
      return answerInterest(dialogue)
    case 'address':
      return answerAddress(dialogue)
    case 'confirm':
    case 'correction':
      return answerConfirm(dialogue)
    case 'nothing':
    case 'product':
    case 'variant':
    case 'quantity':
      return answerItem(dialogue)
  }
}

async function answerWithdraw(dialogue: Dialogue): Promise<void> {
  const answer = answerOf(dialogue.context.text)
  if (answer === 'yes') return withdrawPlaced(dialogue)
  if (answer === 'no') return keepPlaced(dialogue)
  return miss(dialogue)
}

/** After a look at the catalogue. What is no answer to that is no miss either: nothing was really asked. */
async function answerInterest(dialogue: Dialogue): Promise<void> {
  const { context } = dialogue
  const { session, text, reply } = context
  const answer = answerOf(text)
  const wantsIt = answer === 'yes' || (context.intent?.name === 'order' && dialogue.mentions.length === 0)
  if (wantsIt && session.interest) {
    beginOrder(context)
    session.lines.push(session.interest)
    delete session.interest
    return askNext(asking(dialogue))
  }
  if (answer === 'no') {
    clearOrder(session)
    return reply.text('No problem. Write *menu* to see what else I can do.')
  }
  const answered = aboutProduct(dialogue, session.interest?.product)
  if (answered !== undefined && isQuestion(text, dialogue.words)) return reply.text(answered)
  if (take(dialogue)) return
  return answerUnknown(context, dialogue)
}

const minRepeatedLength = 15

async function answerAddress(dialogue: Dialogue): Promise<void> {
  const { context, words, mentions } = dialogue
  const { session, text, messages } = context
  const meansCart = hasAny(words, changeWords) || hasAny(words, addWords) || hasAny(words, removeWords)
  if (meansCart && mentions.length > 0 && (editNamed(dialogue) || take(dialogue))) return
  if (isQuestion(text, words)) return answerFreely(dialogue)
  const found = readAddress(messages)
  // What does not look like an address is one if it is said twice: villages have no street numbers.
  const isSure = found?.isSure || /\d/.test(text)
  if (!isSure && mentions.some(({ product }) => product !== undefined) && take(dialogue)) return
  if (found && (isSure || (session.misses > 0 && found.address.length >= minRepeatedLength))) {
    session.address = found.address
    return askNext(asking(dialogue))
  }
  if (found) {
    session.misses += 1
    return askAgain(dialogue, 'Is that the whole address?')
  }
  if (take(dialogue)) return
  if (text !== '' && answerOf(text) === undefined) return askAgain(dialogue, 'That is a bit short for an address.')
  return miss(dialogue)
}

async function answerConfirm(dialogue: Dialogue): Promise<void> {
  const { context, words } = dialogue
  const { session, text } = context
  const isConfirming = session.asked === 'confirm'
  const answer = answerOf(text)
  if (answer === 'yes' && isConfirming) return place(dialogue)
  if (answer === 'no' && isConfirming) return askCorrection(asking(dialogue))
  if (answer === 'no') return askNext(asking(dialogue), 'OK, nothing changed.')
  const meansChange = hasAny(words, changeWords) || hasAny(words, addWords)
  if (isQuestion(text, words) && !meansChange) return answerFreely(dialogue)
  if (!meansChange && takeNewAddress(dialogue)) return
  if (editNamed(dialogue) || take(dialogue)) return
  if (hasAny(words, changeWords)) return edit(dialogue)
  return miss(dialogue)
}

/** An address instead of a yes is where it is to go, and its house number no quantity. */
function takeNewAddress(dialogue: Dialogue): boolean {
  const { context, mentions } = dialogue
  const namesGoods = mentions.some(({ product, key }) => product !== undefined || key !== undefined)
  const found = namesGoods ? undefined : readAddress(context.messages)
  if (!found?.isSure) return false
  context.session.address = found.address
  askNext(asking(dialogue), nextQuestion(context.session) === 'confirm' ? '' : 'Thanks, I noted the address.')
  return true
}

/** Below this confidence a wish to order that names nothing of ours is not taken for one. */
const sureAt = 0.7

async function answerItem(dialogue: Dialogue): Promise<void> {
  const { context, words, mentions } = dialogue
  const { session, text, intent } = context
  const namesGoods = mentions.some(({ product, key }) => product !== undefined || key !== undefined)
  if (session.asked === 'nothing' && !namesGoods && (intent === undefined || intent.confidence < sureAt)) {
    return answerUnknown(context, dialogue)
  }
  if (session.asked !== 'nothing' && takeNewAddress(dialogue)) return
  if (hasAny(words, priceWords) && mentions.every(({ quantity }) => quantity === undefined)) {
    return answerFreely(dialogue)
  }
  if (hasAny(words, removeWords) && editNamed(dialogue)) return
  if (asksAboutOthers(dialogue)) return answerFreely(dialogue)
  if (take(dialogue)) return
  const answer = answerOf(text)
  // "Anything else?" "No."
  if (answer === 'no' && session.asked === 'product' && session.lines.length > 0) return askNext(asking(dialogue))
  if (hasAny(words, changeWords)) return edit(dialogue)
  const isOpen = session.asked === 'product' || session.asked === 'nothing'
  const guess = isOpen && answer === undefined ? guessProduct(words) : undefined
  if (guess !== undefined && take(dialogue, [{ product: guess }])) return
  if (session.asked === 'nothing') return askNext(asking(dialogue))
  if (isQuestion(text, words)) return answerFreely(dialogue)
  if (session.asked === 'product') {
    session.misses += 1
    return askNext(asking(dialogue), 'Sorry, I cannot find that in our shop.')
  }
  return miss(dialogue)
}

/** "Do you have tape?" while the boxes are not finished is a question and no change of mind. */
function asksAboutOthers({ context: { session, text }, words, mentions }: Dialogue): boolean {
  const open = openLine(session)
  const others = mentions.filter(({ product }) => product !== undefined && product !== open?.product)
  return open?.product !== undefined && others.length > 0 && !hasAny(words, addWords) && isQuestion(text, words)
}

/** A question in the middle: what can be said about products is said, then the dialogue goes on. */
async function answerFreely(dialogue: Dialogue): Promise<void> {
  const { context, words, shop } = dialogue
  const { session } = context
  if (hasAny(words, totalWords) && completeLines(session).length > 0) {
    return askAgain(dialogue, session.asked === 'confirm' ? '' : `${describeOrder(session, shop)}\n\n`)
  }
  const about = openLine(session) ?? session.lines.at(-1)
  const answered = aboutProduct(dialogue, about?.product)
  if (answered === undefined) return miss(dialogue)
  return askAgain(dialogue, `${answered}\n\n`)
}

/** What a question about goods is answered with: those that it names, or the ones that are talked about. */
function aboutProduct({ mentions, words }: Dialogue, talkedAbout: string | undefined): string | undefined {
  const named = mentions.find((mention) => mention.product !== undefined)
  const key = (named ?? mentions[0])?.key
  const product = findProduct(named?.product ?? talkedAbout)
  const isAboutGoods = named !== undefined || key !== undefined || hasAny(words, priceWords)
  if (!product || !isAboutGoods || mentions.some(({ quantity }) => quantity !== undefined)) return undefined
  const variant = findVariant(product, key)
  return variant ? `The ${variant.label} is ${describePrice(product, variant)}.` : describeProduct(product)
}
