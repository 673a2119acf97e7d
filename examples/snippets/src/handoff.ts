import { type Bot, type ConversationKey, defineAgent } from '@wa-agent/core'

// #region agent
export const person = defineAgent({
  name: 'person',
  description: 'Hands over to a person, and takes back.',
  intents: {
    human: { examples: ['I want to talk to a person', 'give me a human', 'connect me to an agent'] },
    bot_again: { rules: ['bot', '/bot'], endsHandoff: true },
  },
  respond({ intent, reply, handoff }) {
    if (intent?.name === 'bot_again') return reply.text('The bot is back. How can I help?')
    reply.text('A person will answer you here.')
    handoff('the customer asked for a person', { forMs: 8 * 3_600_000 })
  },
})
// #endregion

// #region from-outside
/** For a console: a person takes over, answers, and gives the conversation back. */
export async function answerAsPerson(bot: Bot, conversation: ConversationKey, text: string): Promise<void> {
  await bot.handoff(conversation, { reason: 'a colleague took over', forMs: 3_600_000 })
  await bot.send(conversation, { type: 'text', text })
  await bot.release(conversation)
}
// #endregion
