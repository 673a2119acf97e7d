import {
  type Bot,
  type ConversationKey,
  describeError,
  type Logger,
  logFieldsOf,
  tagOf,
  tracedLogger,
} from '@wa-agent/core'

interface ReplyEvent {
  readonly conversation: ConversationKey
  readonly replyId: string
  readonly inReplyTo: readonly string[]
  readonly reason?: string
}

/**
 * Writes down what happens: where, which reply, how long, in which trace; never what was said. Conversations and messages are
 * told by tags: the ids of some providers have the customer's number in them.
 */
export function logEvents(bot: Bot, given: Logger): void {
  // Also what is about no conversation names the trace in which it happened.
  const logger = tracedLogger(given)
  bot.on('message-received', ({ conversation, message, status }) => {
    logger.debug({ ...logFieldsOf(conversation, message.id), type: message.type, status }, 'message received')
  })
  bot.on('turn-committed', ({ conversation, messageIds, replies, trace, durationMs }) => {
    const { agent, by } = trace?.route ?? {}
    const intent = trace?.classification.intent
    const ids = { messages: messageIds.map(tagOf), replyIds: replies.map(({ id }) => id) }
    logger.info({ ...logFieldsOf(conversation), ...ids, intent, agent, by, durationMs }, 'turn committed')
  })
  bot.on('turn-dead', ({ conversation, messageIds, attempt, error }) => {
    const messages = messageIds.map(tagOf)
    logger.error({ ...logFieldsOf(conversation), messages, attempt, error: describeError(error) }, 'turn given up')
  })
  bot.on('lease-lost', ({ conversation }) => logger.warn(logFieldsOf(conversation), 'lease lost'))
  const fieldsOf = ({ conversation, replyId, inReplyTo, reason }: ReplyEvent) => ({
    ...logFieldsOf(conversation),
    messages: inReplyTo.map(tagOf),
    replyId,
    reason,
  })
  for (const name of ['reply-dead', 'reply-held', 'reply-failed', 'reply-suppressed', 'reply-postponed'] as const)
    bot.on(name, (event: ReplyEvent) => logger.warn(fieldsOf(event), name.replace('-', ' ')))
  for (const name of ['reply-sent', 'reply-delivered', 'reply-read'] as const)
    bot.on(name, (event: ReplyEvent) => logger.debug(fieldsOf(event), name.replace('-', ' ')))
  bot.on('connection-changed', (event) => logger.info({ ...event }, 'connection changed'))
  bot.on('circuit-changed', (event) => logger.warn({ ...event }, 'circuit changed'))
  bot.on('error', ({ error, doing }) => logger.error({ error: describeError(error), doing }, 'something went wrong'))
}
