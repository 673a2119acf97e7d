// #region log
import { type Bot, type Logger, logFieldsOf, tagOf } from '@wa-agent/core'

/** Each line says whose it is, by tags, and names the trace. */
export function logTurns(bot: Bot, logger: Logger): void {
  bot.on('turn-committed', ({ conversation, messageIds, durationMs }) => {
    logger.info({ ...logFieldsOf(conversation), messages: messageIds.map(tagOf), durationMs }, 'turn committed')
  })
}
// #endregion
