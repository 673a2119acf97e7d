import {
  type BotEvents,
  type ConversationKey,
  describeError,
  type OutboundMessage,
  textOf,
  waitFor,
} from '@wa-agent/core'
import { z } from 'zod'
import { isChatTransport } from './chat-transport.ts'
import { Problem } from './problem.ts'
import { type Deps, type Handler, readJson, tenantOf } from './request-context.ts'
import { isWorker } from './worker-routes.ts'

/** What a turn has answered; without a trace where another worker took it. */
interface Committed extends Pick<Parameters<BotEvents['turn-committed']>[0], 'trace' | 'durationMs'> {
  readonly replies: readonly { readonly message: OutboundMessage }[]
}

/** How often it is looked whether another worker has answered. */
const lookEveryMs = 250

const questionSchema = z.object({
  message: z.string().min(1).max(65_536),
  userId: z.string().min(1).max(256),
  tenant: z.string().optional(),
})

/** Answers `POST /chat` through the tenant's `chatTransport`, so that each user has a conversation that lasts. */
export function chatHandler(deps: Deps): Handler {
  const { settings } = deps
  const { bot, clock, createId, chatTimeoutMs } = settings
  const channels = settings.transports.filter(isChatTransport)
  const waiting = new Map<string, (outcome: Committed | Problem) => void>()
  if (channels.length > 0) {
    bot.on('turn-committed', (event) => {
      for (const id of event.messageIds) waiting.get(id)?.(event)
    })
    bot.on('turn-dead', ({ messageIds }) => {
      for (const id of messageIds) waiting.get(id)?.(noAnswer())
    })
  }

  function outcomeOf(id: string, signal: AbortSignal): Promise<Committed | Problem> {
    return new Promise((resolve) => {
      const settle = (outcome: Committed | Problem) => {
        cancel()
        waiting.delete(id)
        signal.removeEventListener('abort', giveUp)
        resolve(outcome)
      }
      const giveUp = () => settle(tooLate())
      const cancel = clock.after(chatTimeoutMs, giveUp)
      waiting.set(id, settle)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Another worker may take the turn: then the storage alone tells. */
  async function lookFor(id: string, conversation: ConversationKey): Promise<void> {
    const askedAtMs = clock.now()
    while (waiting.has(id)) {
      await waitFor(clock, lookEveryMs)
      const [answer] = (await bot.answers(conversation, [id])).messages
      if (answer?.status === 'dead') waiting.get(id)?.(noAnswer())
      if (answer?.status === 'done') {
        waiting.get(id)?.({ replies: answer.replies, durationMs: clock.now() - askedAtMs })
      }
    }
  }

  return async (context) => {
    const { message: text, userId, tenant } = await readJson(context, deps, questionSchema)
    const asked = tenantOf(context, tenant) ?? 'default'
    const channel = channels.find((one) => one.tenant === asked)
    if (!channel) throw noChannel()
    const id = createId()
    const failed = new AbortController()
    const outcome = outcomeOf(id, AbortSignal.any([context.req.raw.signal, failed.signal]))
    try {
      await channel.say({ id, userId, text })
    } catch (error) {
      failed.abort()
      throw error
    }
    if (isWorker(bot)) {
      lookFor(id, { tenant: channel.tenant, channel: channel.channel, chat: userId }).catch((error: unknown) =>
        settings.logger.warn({ error: describeError(error) }, 'an answer could not be looked for'),
      )
    }
    const event = await outcome
    if (event instanceof Problem) throw event
    return context.json(answerOf(event))
  }
}

/** `reply` is empty and `replies` too where the bot keeps silent, e.g. because a person has taken over. */
function answerOf({ replies, trace, durationMs }: Committed) {
  const messages = replies.map((reply) => reply.message)
  return {
    reply: messages.map(textOf).join('\n\n'),
    replies: messages,
    intent: trace?.classification.intent ?? null,
    confidence: trace?.classification.confidence ?? 0,
    agent: trace?.route.agent ?? null,
    decidedBy: trace?.classification.decidedBy ?? 'rules',
    durationMs: trace ? Math.round(trace.durationMs.total * 1000) / 1000 : durationMs,
  }
}

function noChannel(): Problem {
  return new Problem(404, 'not-found', { detail: 'There is no chat for this tenant. Add a chatTransport() for it.' })
}

function noAnswer(): Problem {
  return new Problem(502, 'bad-gateway', { detail: 'No answer could be made. The message is kept as a dead letter.' })
}

function tooLate(): Problem {
  return new Problem(504, 'timeout', { detail: 'No answer yet. The message is kept and will be answered.' })
}
