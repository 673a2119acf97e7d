import { editNamed } from './edit-order.ts'
import { isGoodsPart } from './goods-words.ts'
import { askOnceMore, miss } from './misses.ts'
import { asking, type Dialogue, namesGoods } from './order-dialogue.ts'
import { answerInquiry } from './order-inquiries.ts'
import { askNext } from './order-questions.ts'
import { isQuestion } from './questions.ts'
import { type FoundAddress, readAddress } from './read-address.ts'
import { take } from './take-goods.ts'
import { addWords, changeWords, insteadWords, refusalWords, removeWords } from './vocabulary.ts'
import { hasAny } from './words.ts'
import { answerOf } from './yes-no.ts'

const minRepeatedLength = 15
/** A number of a house rather than of a telephone. */
const someNumber = /(?<![+\p{Nd}]|\p{Nd}\s)\p{Nd}{1,6}(?!\s?\p{Nd})/u

/** Takes the text as the answer to where the order goes. An address beside other things is noted already. */
export async function answerAddress(dialogue: Dialogue): Promise<void> {
  const { context, asks, address } = dialogue
  const { session, text, messages } = context
  const found = readAddress(messages)
  if (meansGoods(dialogue, found) && ((await editNamed(dialogue)) || take(dialogue))) return
  if (address !== undefined) return askNext(asking(dialogue))
  if (asks !== undefined) return answerInquiry(dialogue)
  // What does not look like an address is one if it is said twice: villages have no street numbers.
  const isRepeated = session.misses > 0 && !/\p{Nd}/u.test(text) && (found?.address.length ?? 0) >= minRepeatedLength
  if (found && (found.isSure || isRepeated || someNumber.test(text))) {
    session.address = found.address
    return askNext(asking(dialogue))
  }
  if (found) return askOnceMore(dialogue, 'Is that the whole address?')
  if (text === '' || answerOf(text) !== undefined) return miss(dialogue)
  askOnceMore(dialogue, 'That is a bit short for an address.')
}

/** With one of these a text is about the goods and no address. */
const cartWords: ReadonlySet<string> = new Set([...changeWords, ...addWords, ...removeWords])

/** Whether the goods that a text names are meant, and not the name or the number of a house. */
function meansGoods(dialogue: Dialogue, found: FoundAddress | undefined): boolean {
  const { context, words, mentions, asks, address } = dialogue
  if (mentions.length === 0 || asks === 'to-know' || asks === 'suggestion') return false
  // "No wait 60", "and 5 small"; "12 hill" is neither.
  const [first = '', second = ''] = words
  const isAboutCart = hasAny(words, cartWords) || insteadWords.has(first) || refusalWords.has(second)
  if (address !== undefined || isAboutCart || isGoodsPart(words)) return true
  if (found?.isSure) return false
  // "How about 20?", "can I get 5 tapes?"
  if (isQuestion(context.text, words)) return asks === undefined || namesGoods(dialogue)
  return !someNumber.test(context.text) && mentions.some(({ product }) => product !== undefined)
}
