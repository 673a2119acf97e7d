import type { RespondContext } from '@wa-agent/core'
import { type Asked, askModel, type ModelBasis } from './ask-model.ts'
import { showMenu } from './menu-list.ts'
import { asksForGoods } from './questions.ts'
import { answerOf } from './yes-no.ts'

type Context = Asked & Pick<RespondContext, 'text' | 'reply' | 'message'>

/** Answers what no intent was recognised in: by the model where there is one, otherwise with what can be done here. */
export async function answerUnknown(context: Context, basis: ModelBasis): Promise<void> {
  const { reply, text, message } = context
  if (text.trim() === '') return showMenu(reply, blankAnswer(message.type))
  const answer = await askModel(context, basis)
  if (answer !== undefined) return reply.text(answer)
  if (/^\s*#?\d{4,9}\s*$/.test(text)) {
    return reply.text('If that is an order number, please write it like this: PK1001. Or write *menu*.')
  }
  if (answerOf(text) !== undefined) return showMenu(reply, 'Alright! What can I do for you?')
  showMenu(
    reply,
    asksForGoods(text)
      ? 'Sorry, I cannot find that in our shop. This is what I can do:'
      : 'Sorry, I did not understand that. This is what I can do:',
  )
}

function blankAnswer(type: RespondContext['message']['type']): string {
  if (type === 'audio') return 'Sorry, I cannot listen to voice messages. Please write to me, or choose:'
  if (type === 'image' || type === 'video' || type === 'sticker' || type === 'document') {
    return 'Thanks, but I cannot look at files. Please write to me, or choose:'
  }
  return 'Sorry, I can only read text. Please write to me, or choose:'
}
