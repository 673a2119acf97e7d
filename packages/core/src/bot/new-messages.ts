import type { ChannelKey, Handoff } from '../conversation.ts'
import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from '../message.ts'
import type { Control, NewMessage } from '../storage.ts'
import type { TraceHeaders } from '../trace-headers.ts'
import type { BotEvents } from './events.ts'
import type { DoorSettings } from './settings.ts'

/** When and within which trace messages came. */
export interface Arrival {
  /** Milliseconds since 1970. */
  readonly receivedAtMs: number
  readonly trace?: TraceHeaders | undefined
}

/** Messages as a storage takes them in: with the orders in them, and when they want a turn. */
export function newMessages(
  channel: ChannelKey,
  messages: readonly InboundMessage[],
  { settings, arrival }: { readonly settings: DoorSettings; readonly arrival: Arrival },
): NewMessage[] {
  const { receivedAtMs, trace } = arrival
  return messages.map((message) => {
    const control = controlOf(message, settings, receivedAtMs)
    return {
      tenant: channel.tenant,
      channel: channel.channel,
      message,
      receivedAtMs,
      settleAtMs: receivedAtMs + settings.settleMs,
      dueByMs: receivedAtMs + settings.maxWaitMs,
      ...(control && { control }),
      ...(trace && { trace }),
    }
  })
}

/** What is no message is told and left out, since refusing the others would only bring all of them again. */
export function acceptedOf(
  channel: ChannelKey,
  inputs: readonly InboundMessageInput[],
  { logger, emit }: { readonly logger: Logger; readonly emit: EmitRefused },
): InboundMessage[] {
  const messages: InboundMessage[] = []
  for (const input of inputs) {
    try {
      messages.push(parseInboundMessage(input))
    } catch (error) {
      logger.error({ ...channel, error: describeError(error) }, 'a transport handed over no valid message')
      emit('message-refused', { ...channel, error })
    }
  }
  return messages
}

type EmitRefused = (name: 'message-refused', event: Parameters<BotEvents['message-refused']>[0]) => void

/** What must hold from now on, also for replies that are on their way: STOP, and the owner's own hand. */
function controlOf(
  message: InboundMessage,
  { optOut, ownerHandoffMs }: DoorSettings,
  nowMs: number,
): Control | undefined {
  if (message.automated) return undefined
  if (message.fromMe) {
    const until = ownerHandoffMs === false ? {} : { untilMs: nowMs + ownerHandoffMs }
    const handoff: Handoff = { by: 'owner', reason: 'the owner answered by hand', sinceMs: nowMs, ...until }
    return { handoff }
  }
  const order = optOut.orderOf(message)
  return order && { optOut: order === 'stop' }
}
