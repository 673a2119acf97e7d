import {
  type Answers,
  type ConversationKey,
  describeError,
  type Handoff,
  type InboundMessage,
  type InboundMessageInput,
  type MessageAnswer,
  parseInboundMessage,
  textOf,
} from '@wa-agent/core'
import { z } from 'zod'
import { Problem } from '../problem.ts'
import { check, type Deps, type Handler, type RequestContext, readJson } from '../request-context.ts'
import { mustBeCurrent } from './current-session.ts'
import type { DesktopTransport } from './desktop-transport.ts'
import type { Desktops } from './desktops.ts'
import { current, fromWire, wireHandoff } from './handoff.ts'
import { portable } from './portable.ts'
import { type answerSchema, protocolVersion, simpleMessageSchema, turnSchema } from './protocol.ts'
import { fromSimple } from './simple-message.ts'
import { Waiting } from './waiting.ts'

/** Should an event be missed, e.g. because another process answered, it is looked at anyway. */
const lookEveryMs = 2000
/** A turn of fifty long texts fits. */
const maxBodyBytes = 4 * 2 ** 20

interface Asked {
  readonly transport: DesktopTransport
  readonly messages: readonly InboundMessage[]
  /** Absent where the desktop does not know. */
  readonly handoff: Handoff | null | undefined
}

/** Answers what customers wrote to the desktop: `POST /api/desktop-agent/process-message`. */
export function processMessageHandler(deps: Deps, desktops: Desktops): Handler {
  const { settings } = deps
  const { bot, clock, desktop, telemetry } = settings
  const waiting = new Waiting(bot, clock)

  async function answersTo({ transport, messages, handoff }: Asked, signal: AbortSignal): Promise<Answers> {
    const conversation = conversationOf(transport, messages)
    const ids = messages.map(({ id }) => id)
    const asked = messages.filter(({ fromMe, automated }) => !fromMe && !automated)
    const wait = waiting.begin(
      transport,
      asked.map(({ id }) => id),
    )
    const look = async () => {
      const answers = await bot.answers(conversation, ids)
      for (const { id, status } of answers.messages) if (status === 'done' || status === 'dead') wait.over(id)
      return answers
    }
    try {
      const before = await look()
      if (wait.isOver) return before
      const fresh = messages.filter((_, index) => before.messages[index]?.status === 'unknown')
      if (fresh.length > 0) refuseOld(messages)
      if (fresh.length === messages.length) await agree(transport, { conversation, handoff, known: before.handoff })
      if (fresh.length > 0) await transport.desk.host.receive(fresh)
      const untilMs = clock.now() + desktop.answerTimeoutMs
      for (;;) {
        await wait.within(Math.min(lookEveryMs, untilMs - clock.now()), signal)
        const answers = await look()
        if (wait.isOver) return answers
        if (signal.aborted || clock.now() >= untilMs) throw tooLate()
      }
    } finally {
      wait.end()
    }
  }

  /** In a span of its own, at which every message that it brings begins. */
  function observed(asked: Asked, signal: AbortSignal): Promise<Answers> {
    const attributes = {
      'messaging.system': 'whatsapp',
      'messaging.batch.message_count': asked.messages.length,
      'wa_agent.tenant': asked.transport.tenant,
      'wa_agent.channel': asked.transport.channel,
    }
    return telemetry.span('wa_agent.desktop', attributes, () => answersTo(asked, signal))
  }

  /** The desktop began or ended a handoff since the last turn. While an order is on its way to it, it does not know better. */
  async function agree(
    { desk }: DesktopTransport,
    told: { conversation: ConversationKey; handoff: Handoff | null | undefined; known: Handoff | undefined },
  ): Promise<void> {
    const { conversation, handoff } = told
    if (handoff === undefined || desk.hasOrderFor(conversation.chat)) return
    const nowMs = clock.now()
    const [theirs, ours] = [current(handoff ?? undefined, nowMs), current(told.known, nowMs)]
    if (Boolean(theirs) !== Boolean(ours)) await desktops.adopt(conversation, theirs)
  }

  /** A turn is as old as the newest of its messages: what the customer says now must not be lost with what nobody answered. */
  function refuseOld(messages: readonly InboundMessage[]): void {
    const oldestMs = clock.now() - desktop.maxMessageAgeMs
    if (messages.every(({ sentAtMs }) => sentAtMs < oldestMs)) throw tooOld()
  }

  return async (context) => {
    const asked = await readAsked(context, deps, desktops)
    asked.transport.desk.seen(asked.session)
    const { handoff, messages } = await observed(asked, context.req.raw.signal)
    // Another desktop may have registered meanwhile: it gets this answer, and both would say it.
    mustBeCurrent(asked.transport.desk, asked.session)
    const handed = current(handoff, clock.now())
    const given = messages.flatMap(({ replies }) => replies)
    const replies = [...new Map(given.map((reply) => [reply.id, reply])).values()]
    const sendable = await Promise.all(
      replies.map(async ({ id, message }) => ({ id, message: await portable(message) })),
    ).catch((error: unknown) => {
      settings.logger.error({ error: describeError(error) }, 'a reply names a file that is not there')
      return replies.filter(({ message }) => !('media' in message && 'path' in message.media))
    })
    const body: z.input<typeof answerSchema> = {
      protocol: protocolVersion,
      status: messages.some(isDead) ? 'dead' : 'answered',
      reply: sendable
        .map(({ message }) => textOf(message))
        .filter(Boolean)
        .join('\n\n'),
      replies: sendable,
      handoff: handed ? wireHandoff(handed) : null,
      messageIds: messages.map(({ id }) => id),
    }
    return context.json(body)
  }
}

async function readAsked(
  context: RequestContext,
  deps: Deps,
  desktops: Desktops,
): Promise<Asked & { readonly session: string | undefined }> {
  const larger = { ...deps, settings: { ...deps.settings, maxBodyBytes } }
  const body = await readJson(context, larger, z.looseObject({}))
  const isTurn = 'messages' in body
  const asked = isTurn ? check(turnSchema, body) : check(simpleMessageSchema, body)
  const transport = await desktops.find(context, asked)
  mustBeCurrent(transport.desk, asked.session)
  const given = 'messages' in asked ? asked.messages : [fromSimple(asked)]
  const messages = given.map((message) => withOwnReference(parseInboundMessage(message)))
  const handoff = 'messages' in asked ? asked.handoff : undefined
  return { transport, messages, session: asked.session, handoff: handoff && fromWire(handoff) }
}

/** Files are found by their message alone: no reference of the other side is ever followed. */
function withOwnReference(message: InboundMessage): InboundMessage {
  if (!('media' in message)) return message
  const { mimeType, fileName, sizeBytes } = message.media
  const media = {
    reference: message.id,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(fileName === undefined ? {} : { fileName }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  }
  return { ...message, media }
}

function conversationOf({ tenant, channel }: DesktopTransport, messages: readonly InboundMessageInput[]) {
  const [chat, other] = new Set(messages.map((message) => message.chat))
  if (chat === undefined || other !== undefined)
    throw new Problem(400, 'bad-request', { detail: 'Expected "messages" of one chat.' })
  return { tenant, channel, chat }
}

function isDead({ status }: MessageAnswer): boolean {
  return status === 'dead'
}

function tooLate(): Problem {
  return new Problem(504, 'timeout', {
    detail: 'No answer yet. The message is kept and will be answered: ask again with the same id.',
    headers: { 'retry-after': '1' },
  })
}

function tooOld(): Problem {
  return new Problem(400, 'bad-request', { detail: 'This message is too old to be answered now. Nothing was stored.' })
}
