import { removeMentioned } from './order-changes.ts'
import { askAgain, asking, type Dialogue, namesGoods } from './order-dialogue.ts'
import { askCorrection, askNext } from './order-questions.ts'
import { completeLines, openLine } from './order-session.ts'
import { drop } from './place-order.ts'
import { take } from './take-goods.ts'
import { mentionsIn } from './understand-items.ts'
import {
  addressWords,
  addWords,
  allWords,
  productWords,
  quantityWords,
  refusalWords,
  removeWords,
  sizeWords,
  wishWords,
} from './vocabulary.ts'
import { hasAny } from './words.ts'

/** Changes the order as far as the text says what; asks where it does not. */
export async function edit(dialogue: Dialogue): Promise<void> {
  const { context, words, mentions, address } = dialogue
  const { session } = context
  if (await editNamed(dialogue)) return
  if (mentions.length > 0 && take(dialogue)) return
  if (address !== undefined) return askNext(asking(dialogue))
  const last = session.lines.at(-1)
  if (last && hasAny(words, quantityWords)) delete last.quantity
  else if (last && hasAny(words, sizeWords)) delete last.key
  else if (completeLines(session).length > 0) return askCorrection(asking(dialogue))
  askNext(asking(dialogue), last ? 'Sure.' : '')
}

/** Removing things and changing the address; says whether that is what was said. */
export async function editNamed(dialogue: Dialogue): Promise<boolean> {
  const { context, words, address } = dialogue
  if (hasAny(words, removeWords) || refusesGoods(dialogue)) return remove(dialogue)
  // Who says the new address with it need not be asked for it.
  if (address !== undefined || !hasAny(words, addressWords)) return false
  delete context.session.address
  askNext(asking(dialogue), 'Sure.')
  return true
}

/** "I don't want the tape", "no tape", "cancel the tape"; "not brown, clear" rather wants something else. */
function refusesGoods({ context: { session }, words, mentions }: Dialogue): boolean {
  const [mention, ...others] = mentions
  if (mention?.product === undefined || others.length > 0) return false
  const isInCart = session.lines.some(({ product }) => product === mention.product)
  if (mention.quantity !== undefined) return isInCart && words.includes('cancel')
  if (words[0] === 'no' && productWords.has(words[1] ?? '')) return isInCart || openLine(session) === undefined
  const isRefused = words.some((word, at) => refusalWords.has(word) && wishWords.has(words[at + 1] ?? ''))
  return isInCart && (isRefused || words.includes('cancel'))
}

async function remove(dialogue: Dialogue): Promise<boolean> {
  const { context, words, mentions } = dialogue
  const { session } = context
  if (mentions.length === 0 && hasAny(words, allWords)) {
    await drop(dialogue)
    return true
  }
  if (mentions.length === 0 || mentions.some(({ quantity }) => quantity === 'negative')) return false
  if (!namesGoods(dialogue)) {
    // "Remove two": of the only thing that there is, once it has a quantity.
    if (session.lines.at(-1)?.quantity === undefined) return false
    const [line, ...others] = completeLines(session)
    if (line && others.length > 0) {
      askAgain(dialogue, `Of what? Please write for example "remove 2 ${line.variant.plural}".`)
      return true
    }
  }
  const { removed, added } = parted(dialogue)
  const isFound = removeMentioned(session, removed)
  if (added.length > 0) return take(dialogue, added)
  if (!isFound) askAgain(dialogue, 'That is not in your order.')
  else askNext(asking(dialogue), session.lines.length === 0 ? 'Removed, your cart is empty now.' : 'Removed.')
  return true
}

/** "Remove the tape and add 2 small boxes", in any order. */
function parted({ words, mentions }: Dialogue) {
  const removing = words.findIndex((word) => removeWords.has(word))
  const adding = words.findIndex((word) => addWords.has(word))
  if (removing < 0 || adding < 0) return { removed: mentions, added: [] }
  const firstCount = mentionsIn(words.slice(0, Math.max(removing, adding))).length
  const [first, second] = [mentions.slice(0, firstCount), mentions.slice(firstCount)]
  return removing < adding ? { removed: first, added: second } : { removed: second, added: first }
}
