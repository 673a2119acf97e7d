import type { DeliveryStatus, DeliveryUpdate, InboundMessageInput } from '@wa-agent/core'
import { plainReason } from '@wa-agent/transport-kit'
import { type By, idOf, parseMessage } from './parse-message.ts'
import { readEvent, type SpokiContent, type SpokiEvent } from './payloads.ts'
import { firstMoment } from './time.ts'

/** The field of `metadata` in which our id of a reply travels to Spoki and comes back. */
export const replyIdField = 'wa_agent_reply'

/** An event in our words. */
export interface ParsedEvent {
  readonly messages: readonly InboundMessageInput[]
  readonly updates: readonly DeliveryUpdate[]
  /** The kind of what is not for us, for a log line. */
  readonly ignored?: string
}

export interface ParseOptions {
  readonly nowMs: number
  /** Whether what others wrote from our number may be a person's hand. */
  readonly handoff: boolean
}

/** Parses one webhook. What is not known is ignored, never an error. */
export function parseSpoki(body: unknown, options: ParseOptions): ParsedEvent {
  const event = readEvent(body)
  if (!event) return { messages: [], updates: [], ignored: 'no event' }
  switch (event.name) {
    case 'message.inbound': {
      const message = parseMessage(event, { fromMe: false }, options.nowMs)
      return message
        ? { messages: [message], updates: [] }
        : { messages: [], updates: [], ignored: 'inbound without id' }
    }
    case 'message.outbound':
      return parseOutbound(event, options)
    default:
      return { messages: [], updates: [], ignored: /^[\w.]{1,40}$/.test(event.name) ? event.name : 'unknown' }
  }
}

/**
 * Spoki has no events for statuses: it sends the outgoing message again with a new `send_status`. What no program sent was
 * written in Spoki's inbox: the owner's hand. Automations and campaigns begin with templates, which nobody answers.
 */
function parseOutbound(event: SpokiEvent, { nowMs, handoff }: ParseOptions): ParsedEvent {
  const { content } = event
  const replyId = content.metadata?.[replyIdField]
  const isOurs = typeof replyId === 'string' && replyId !== ''
  // Only programs add data to a message.
  const byProgram = Object.keys(content.metadata ?? {}).length > 0
  const by: By = byProgram || !handoff ? { fromMe: true, automated: true } : { fromMe: true }
  const isTemplate = content.type?.toLowerCase() === 'template' || Boolean(content.template)
  const update = updateOf(event, { replyId: isOurs ? replyId : undefined, nowMs })
  const isOthers = !isOurs && !isTemplate && update?.status !== 'failed'
  const message = isOthers ? parseMessage(event, by, nowMs) : undefined
  // A status may repeat little more than the id: then nothing tells what was written.
  const messages = message && hasContent(content, message) ? [message] : []
  const updates = update ? [update] : []
  return messages.length + updates.length > 0 ? { messages, updates } : { messages, updates, ignored: 'outbound' }
}

function hasContent({ content_type }: SpokiContent, { type }: InboundMessageInput): boolean {
  return type !== 'unsupported' || Boolean(content_type)
}

const statuses: ReadonlyMap<string, DeliveryStatus> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['seen', 'read'],
  ['failed', 'failed'],
  ['error', 'failed'],
  ['rejected', 'failed'],
  ['undelivered', 'failed'],
  ['not delivered', 'failed'],
  ['undeliverable', 'failed'],
])

function updateOf(
  { content, timestamp }: SpokiEvent,
  { replyId, nowMs }: { readonly replyId: string | undefined; readonly nowMs: number },
): DeliveryUpdate | undefined {
  const status = statuses.get((content.send_status || content.status || '').trim().toLowerCase())
  const providerId = idOf(content)
  if (!status || (providerId === undefined && replyId === undefined)) return undefined
  return {
    ...(providerId === undefined ? {} : { providerId }),
    ...(replyId === undefined ? {} : { replyId }),
    status,
    atMs: firstMoment([momentOf(content, status), timestamp, content.timestamp, content.created_at], nowMs),
    ...(status === 'failed' ? { reason: plainReason(content.error_code, content.send_error_message) || 'failed' } : {}),
  }
}

function momentOf(content: SpokiContent, status: DeliveryStatus): string | number | undefined {
  switch (status) {
    case 'sent':
      return content.sent_datetime
    case 'delivered':
      return content.delivered_datetime
    case 'read':
      return content.read_datetime
    case 'failed':
      return undefined
  }
}
