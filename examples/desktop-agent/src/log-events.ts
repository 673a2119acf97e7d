import { type Bot, type ConversationKey, describeError, type Logger } from '@wa-agent/core'

interface ReplyEvent {
  readonly conversation: ConversationKey
  readonly replyId: string
  readonly reason?: string
}

/**
 * Writes down what happens: where, which reply, how long; never what was said. Nor ids of turns and of messages: those of some
 * providers have the customer's number in them.
 */
export function logEvents(bot: Bot, logger: Logger): void {
  bot.on('turn-committed', ({ conversation: { tenant, channel }, replies, trace, durationMs }) => {
    const { agent, by } = trace?.route ?? {}
    const intent = trace?.classification.intent
    const replyIds = replies.map(({ id }) => id)
    logger.info({ tenant, channel, replyIds, intent, agent, by, durationMs }, 'turn committed')
  })
  bot.on('turn-dead', ({ conversation: { tenant, channel }, attempt, error }) => {
    logger.error({ tenant, channel, attempt, error: describeError(error) }, 'turn given up')
  })
  for (const name of ['reply-dead', 'reply-held', 'reply-failed', 'reply-suppressed', 'reply-postponed'] as const) {
    bot.on(name, ({ conversation: { tenant, channel }, replyId, reason }: ReplyEvent) => {
      logger.warn({ tenant, channel, replyId, reason }, name.replace('-', ' '))
    })
  }
  for (const name of ['reply-sent', 'reply-delivered', 'reply-read'] as const) {
    bot.on(name, ({ conversation: { tenant, channel }, replyId }: ReplyEvent) => {
      logger.debug({ tenant, channel, replyId }, name.replace('-', ' '))
    })
  }
  bot.on('connection-changed', (event) => logger.info({ ...event }, 'connection changed'))
  bot.on('circuit-changed', (event) => logger.warn({ ...event }, 'circuit changed'))
  bot.on('error', ({ error, doing }) => logger.error({ error: describeError(error), doing }, 'something went wrong'))
}
