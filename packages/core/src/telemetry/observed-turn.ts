import type { ConversationKey } from '../conversation.ts'
import type { NewReply, StoredMessage } from '../storage.ts'
import type { TraceHeaders } from '../trace-headers.ts'
import type { TurnTrace } from '../turn.ts'
import { conversationAttributesOf } from './attributes.ts'
import { tagOf } from './tags.ts'
import type { Telemetry } from './telemetry.ts'
import type { WorkSpan } from './work-span.ts'

/** An attempt at a turn, for those who watch it. Exactly one of its members is called, unless the turn is left to others. */
export interface ObservedTurn {
  committed(replies: readonly NewReply[], trace: TurnTrace | undefined): void
  /** `reason` is fit for a log. A dead one has given the customer `replies`. */
  failed(reason: string, end?: { readonly replies: readonly NewReply[] }): void
}

/** What an attempt begins with. */
export interface TurnStart {
  readonly conversation: ConversationKey
  /** At least one. */
  readonly messages: readonly StoredMessage[]
  readonly now: () => number
}

const unobserved: ObservedTurn = { committed: () => undefined, failed: () => undefined }

/** Takes a turn in a span of its own: a part of the trace that brought its first message, linked to those of the others. */
export function observeTurn<Result>(
  telemetry: Telemetry,
  start: TurnStart,
  take: (turn: ObservedTurn) => Promise<Result>,
): Promise<Result> {
  if (!telemetry.isOn) return take(unobserved)
  const { conversation, messages } = start
  const [first] = messages
  const [parent, ...links] = tracesOf(messages)
  const attributes = {
    ...conversationAttributesOf(conversation),
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': messages.length,
    'wa_agent.message': tagOf(first?.message.id ?? ''),
    'wa_agent.attempt': (first?.attempts ?? 0) + 1,
  }
  const work = () =>
    telemetry.spanFrom({ name: 'wa_agent.turn', attributes, links }, (span) =>
      new Watch(telemetry, start, span).take(take),
    )
  return telemetry.within(conversation, () => telemetry.withTrace(parent, work))
}

/** Each trace once, that of the first message first. */
function tracesOf(messages: readonly StoredMessage[]): TraceHeaders[] {
  const traces = new Map<string | undefined, TraceHeaders>()
  for (const { trace } of messages) if (trace) traces.set(trace['traceparent'], trace)
  return [...traces.values()]
}

class Watch implements ObservedTurn {
  readonly #telemetry: Telemetry
  readonly #start: TurnStart
  readonly #span: WorkSpan
  readonly #beganMs: number
  #result: 'committed' | 'failed' | 'dead' | 'left' = 'left'

  constructor(telemetry: Telemetry, start: TurnStart, span: WorkSpan) {
    this.#telemetry = telemetry
    this.#start = start
    this.#span = span
    this.#beganMs = start.now()
  }

  async take<Result>(take: (turn: ObservedTurn) => Promise<Result>): Promise<Result> {
    const { instruments } = this.#telemetry
    const { conversation, messages, now } = this.#start
    const [first] = messages
    if (instruments && first?.attempts === 0) {
      const waitedMs = this.#beganMs - first.receivedAtMs
      instruments.took('wa_agent_turn_wait_seconds', waitedMs, instruments.with(conversation))
    }
    try {
      return await take(this)
    } finally {
      const result = this.#result
      this.#span.set({ 'wa_agent.result': result })
      if (instruments) {
        const labels = instruments.with(conversation, { result })
        instruments.add('wa_agent_turns_total', 1, labels)
        instruments.took('wa_agent_turn_duration_seconds', now() - this.#beganMs, labels)
      }
    }
  }

  committed(replies: readonly NewReply[], trace: TurnTrace | undefined): void {
    this.#result = 'committed'
    this.#remember(replies)
    const { classification, route } = trace ?? {}
    this.#span.set({
      'wa_agent.replies': replies.length,
      'wa_agent.agent': route?.agent,
      'wa_agent.routed_by': route?.by,
      'wa_agent.intent': classification?.intent,
      'wa_agent.decided_by': classification?.decidedBy,
    })
  }

  failed(reason: string, end?: { readonly replies: readonly NewReply[] }): void {
    this.#result = end ? 'dead' : 'failed'
    this.#remember(end?.replies ?? [])
    this.#span.fail(reason)
  }

  #remember(replies: readonly NewReply[]): void {
    const [first] = replies
    const [message] = this.#start.messages
    if (this.#telemetry.instruments && first && message) this.#telemetry.given.add(first.id, message.receivedAtMs)
  }
}
