import { type Bot, createBot, isWaAgentError, type Pipeline, type Storage, type Transport } from '@wa-agent/core'

interface Parts {
  readonly transports: readonly Transport[]
  readonly storage: Storage
  readonly pipeline: Pipeline
}

// #region bursts
export const patientBot = (parts: Parts) =>
  createBot({
    ...parts,
    // A turn begins when nothing has come for 2 seconds, and after 10 seconds in any case.
    coalesce: { settleMs: 2000, maxWaitMs: 10_000 },
  })
// #endregion

// #region uncertain
export const insistentBot = (parts: Parts) => createBot({ ...parts, uncertain: 'resend' })
// #endregion

// #region opt-out
export const germanBot = (parts: Parts) =>
  createBot({
    ...parts,
    optOut: {
      stopWords: ['stopp', 'abmelden'],
      startWords: ['anmelden'],
      stopText: 'Sie bekommen keine Nachrichten mehr. Mit ANMELDEN geht es weiter.',
      startText: 'Willkommen zurück.',
    },
  })
// #endregion

// #region dead-letters
/** Tries again what certainly did not go out; leaves to a person what perhaps did. */
export async function retryDeadLetters(bot: Bot): Promise<number> {
  const letters = await bot.deadLetters.list({ limit: 100 })
  const certain = letters.filter((letter) => !letter.uncertain)
  for (const { id } of certain) await bot.deadLetters.retry(id)
  return certain.length
}
// #endregion

// #region proactive
/** Tells a customer that the order is on its way; called twice for one order, it is said once. */
export const tellShipped = (bot: Bot, chat: string, order: string) =>
  bot.send(
    { tenant: 'default', channel: 'default', chat },
    { type: 'text', text: `Your order ${order} is on its way.` },
    { id: `shipped-${order}` },
  )
// #endregion

// #region errors
export async function startOrExplain(bot: Bot): Promise<string> {
  try {
    await bot.start()
    return 'started'
  } catch (error) {
    if (!isWaAgentError(error)) throw error
    // The message says what to do and holds no message text and no phone number, so it may be logged.
    return error.retryable ? `try again: ${error.message}` : `${error.code}: ${error.message}`
  }
}
// #endregion

// #region events
/** Tells an operator what needs a person. */
export function watch(bot: Bot, tell: (line: string) => void): void {
  bot.on('turn-dead', ({ turnId }) => tell(`turn ${turnId} failed for good`))
  bot.on('reply-held', ({ replyId }) => tell(`reply ${replyId} perhaps went out: retry or discard it`))
  bot.on('reply-dead', ({ replyId, reason }) => tell(`reply ${replyId} did not go out: ${reason}`))
  bot.on('connection-changed', ({ channel, state }) => {
    if (state === 'needs-login') tell(`channel ${channel} asks for a login`)
  })
}
// #endregion
