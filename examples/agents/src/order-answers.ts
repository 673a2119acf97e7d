import { answerAddress } from './answer-address.ts'
import { answerUnknown } from './answer-unknown.ts'
import { edit, editNamed } from './edit-order.ts'
import { askOnceMore, miss } from './misses.ts'
import { asking, beginOrder, type Dialogue, namesGoods } from './order-dialogue.ts'
import { aboutGoods, answerInquiry, asksAside } from './order-inquiries.ts'
import { askCorrection, askNext } from './order-questions.ts'
import { clearOrder, type Line, nextQuestion } from './order-session.ts'
import { drop, place } from './place-order.ts'
import { keepPlaced, withdrawPlaced } from './placed-orders.ts'
import { readAddress } from './read-address.ts'
import { take } from './take-goods.ts'
import { guessProduct } from './understand-items.ts'
import { addWords, changeWords, orderWords, priceWords, refusalWords, removeWords } from './vocabulary.ts'
import { hasAny } from './words.ts'
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
  if (!namesGoods(dialogue) || !take(dialogue)) return miss(dialogue)
  delete dialogue.context.session.withdrawing
}

/** After a look at the catalogue. What is no answer to that is no miss either: nothing was really asked. */
async function answerInterest(dialogue: Dialogue): Promise<void> {
  const { context } = dialogue
  const { session, text, reply } = context
  const answer = answerOf(text)
  const address = dialogue.mentions.length === 0 ? (dialogue.address ?? sureAddress(dialogue)) : undefined
  const isWish = context.intent?.name === 'order' && dialogue.mentions.length === 0
  const wantsIt = answer === 'yes' || isWish || address !== undefined
  if (wantsIt && session.interest) {
    beginOrder(context)
    session.lines.push(session.interest)
    delete session.interest
    session.address = address ?? session.address
    return askNext(asking(dialogue))
  }
  if (answer === 'no') {
    clearOrder(session)
    return reply.text('No problem. Write *menu* to see what else I can do.')
  }
  const isAsking = dialogue.asks === 'to-know' || dialogue.asks === 'suggestion'
  const answered = isAsking ? aboutGoods(dialogue, session.interest?.product) : undefined
  if (answered !== undefined) {
    session.interest = lookedAt(dialogue)
    return reply.text(answered)
  }
  if (take(dialogue)) return
  return answerUnknown(context, dialogue)
}

/** What "10" means after "how much is the a4?". */
function lookedAt({ context: { session }, mentions }: Dialogue): Line | undefined {
  const { interest } = session
  const [mention, ...others] = mentions
  if (!mention || others.length > 0) return interest
  const { quantity, ...goods } = mention
  const isSame = goods.product === undefined || goods.product === interest?.product
  return { ...(isSame ? interest : {}), ...goods, ...(typeof quantity === 'number' ? { quantity } : {}) }
}

async function answerConfirm(dialogue: Dialogue): Promise<void> {
  const { context, words, asks, address } = dialogue
  const { session, text } = context
  const isConfirming = session.asked === 'confirm'
  const answer = answerOf(text)
  if (answer === 'yes') return isConfirming ? place(dialogue) : askCorrection(asking(dialogue))
  if (answer === 'no' && isConfirming) return askCorrection(asking(dialogue))
  if (answer === 'no') return askNext(asking(dialogue), 'OK, nothing changed.')
  const isAsking = (asks === 'to-know' || asks === 'suggestion') && !hasAny(words, changeWords)
  if (isAsking) return answerInquiry(dialogue)
  const meansChange = hasAny(words, changeWords) || hasAny(words, addWords)
  if (!meansChange && takeNewAddress(dialogue)) return
  if ((await editNamed(dialogue)) || take(dialogue)) return
  if (address !== undefined) return askNext(asking(dialogue))
  if (hasAny(words, changeWords)) return edit(dialogue)
  return miss(dialogue)
}

/** An address instead of an answer is where it is to go, and its house number no quantity. */
function takeNewAddress(dialogue: Dialogue): boolean {
  const { context, mentions, address } = dialogue
  if (namesGoods(dialogue) || (address !== undefined && mentions.length > 0)) return false
  const found = address ?? sureAddress(dialogue)
  if (found === undefined) return false
  context.session.address = found
  askNext(asking(dialogue), nextQuestion(context.session) === 'confirm' ? '' : 'Thanks, I noted the address.')
  return true
}

function sureAddress({ context }: Dialogue): string | undefined {
  const found = readAddress(context.messages)
  return found?.isSure ? found.address : undefined
}

/** Below this confidence a wish that names neither goods nor an order is not taken for one. */
const sureAt = 0.7

async function answerItem(dialogue: Dialogue): Promise<void> {
  const { context, words, mentions, asks } = dialogue
  const { session, text, intent } = context
  const isNew = session.asked === 'nothing'
  const isSure = (intent?.confidence ?? 0) >= sureAt || mentions.length > 0 || hasAny(words, orderWords)
  const isWish = intent !== undefined && isSure
  if (isNew && !namesGoods(dialogue) && !isWish) {
    return answerUnknown(context, dialogue)
  }
  if (!isNew && takeNewAddress(dialogue)) return
  if (hasAny(words, priceWords) && mentions.every(({ quantity }) => quantity === undefined)) {
    return answerInquiry(dialogue)
  }
  if (!isNew && (hasAny(words, removeWords) || hasAny(words, refusalWords)) && (await editNamed(dialogue))) return
  if (asksAside(dialogue)) return answerInquiry(dialogue)
  if (take(dialogue)) return
  const answer = answerOf(text)
  if (answer === 'no' && session.asked === 'product') return wantsNothingElse(dialogue)
  if (hasAny(words, changeWords)) return edit(dialogue)
  const isOpen = session.asked === 'product' || isNew
  const guess = isOpen && answer === undefined ? guessProduct(words) : undefined
  if (guess !== undefined && take(dialogue, [{ product: guess }])) return
  if (isNew) return askNext(asking(dialogue))
  if (asks !== undefined) return answerInquiry(dialogue)
  if (session.asked !== 'product') return miss(dialogue)
  askOnceMore(dialogue, answer === 'yes' ? 'Sure.' : 'Sorry, I cannot find that in our shop.')
}

/** "What would you like to add?" "No." */
async function wantsNothingElse(dialogue: Dialogue): Promise<void> {
  const { session } = dialogue.context
  session.lines = session.lines.filter(({ product }) => product !== undefined)
  if (session.lines.length > 0) askNext(asking(dialogue))
  else await drop(dialogue)
}
