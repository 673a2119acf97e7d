import { askModel } from './ask-model.ts'
import { askAgain, type Dialogue } from './order-dialogue.ts'
import { questionText } from './order-questions.ts'
import type { OrderSession, Question } from './order-session.ts'
import { keepPlaced } from './placed-orders.ts'

/** After so many answers in a row that were not understood the question is left open and asked no more. */
const givesUpAt = 3

/** Whether the order waits for a clear answer only, and others may have what is unclear. */
export function isLeftOpen({ misses }: OrderSession): boolean {
  return misses >= givesUpAt
}

/** Lets the model answer a free question, where there is one, and asks again; says whether it did. */
export async function answeredByModel(dialogue: Dialogue): Promise<boolean> {
  const { context, store, shop } = dialogue
  const { session, text } = context
  const answer = text === '' ? undefined : await askModel(context, { store, shop, pending: questionText(session) })
  if (answer !== undefined) askAgain(dialogue, answer)
  return answer !== undefined
}

/** What was not understood: the model may know, otherwise it is asked again. */
export async function miss(dialogue: Dialogue): Promise<void> {
  if (await answeredByModel(dialogue)) return
  askOnceMore(dialogue, apology(dialogue))
}

function apology({ context: { session, text }, words, asks }: Dialogue): string {
  if (text === '') return 'Sorry, I can only read text here.'
  // "What?" asks nothing that somebody could know.
  const isInquiry = asks === 'to-know' && words.length > 2 && session.misses === 0
  return isInquiry ? 'Sorry, I do not know that. A colleague does: write *human*.' : 'Sorry, I did not get that.'
}

/** Asks again after an answer that will not do; the more often, the more help. */
export function askOnceMore(dialogue: Dialogue, why: string) {
  const { session } = dialogue.context
  session.misses += 1
  if (isLeftOpen(session)) return leaveOpen(dialogue)
  askAgain(dialogue, session.misses < 2 ? why : `${why} ${helpFor(session.asked)}`)
}

function helpFor(asked: Question): string {
  switch (asked) {
    case 'confirm':
      return 'Write *yes* to place the order, *no* or *change* to change it, *cancel* to leave it, or *human* to talk to a person.'
    case 'withdraw':
      return 'Write *yes* to cancel it, *no* to keep it, or *human* to talk to a person.'
    default:
      return 'Write *cancel* to leave the order or *human* to talk to a person.'
  }
}

/** Nobody is asked for ever. The order is kept, and an answer is still one when it comes. */
function leaveOpen(dialogue: Dialogue) {
  const { session, reply } = dialogue.context
  const sorry = 'Sorry, I still do not understand'
  if (session.asked === 'withdraw')
    return keepPlaced(dialogue, `${sorry}. Write *human* and a colleague will help. For now`)
  const next = session.asked === 'confirm' ? '*yes* to place it, *cart* to see it' : '*cart* to go on with it'
  reply.text(
    `${sorry}, so I leave it there. I keep what you have chosen, and nothing is ordered yet: write ${next}, *cancel* to drop it, or *human* to talk to a person.`,
  )
}
