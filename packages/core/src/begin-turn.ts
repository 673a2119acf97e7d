import { findChoice } from './choices.ts'
import type { ConversationState, Floor, Handoff } from './conversation.ts'
import { WaAgentError } from './errors.ts'
import { type InboundMessage, textOf } from './message.ts'
import type { Turn } from './middleware.ts'
import { loadState } from './state.ts'
import type { TurnInput } from './turn.ts'

/** What a turn begins with. */
export interface BeginOptions {
  readonly nowMs: number
  /** Whether a floor that was kept still counts; one that does not is forgotten. */
  readonly isCurrent: (floor: Floor) => boolean
  readonly onWarning: (warning: string) => void
}

/** Checks and completes what a pipeline was given. Throws `invalid_message` for a turn without messages. */
export function beginTurn(input: TurnInput, { nowMs, isCurrent, onWarning }: BeginOptions): Turn {
  const last = input.messages.at(-1)
  if (!last)
    throw new WaAgentError(
      'invalid_message',
      'Expected a turn with at least one message, got none. Pass messages to pipeline.run().',
    )
  const stored = withCurrentFloor(loadState(input.state, onWarning), isCurrent)
  const { messages, state } = understandChoice(input.messages, stored, nowMs)
  return {
    id: input.turnId ?? last.id,
    conversation: {
      tenant: input.tenant ?? 'default',
      channel: input.channel ?? 'default',
      chat: input.chat ?? last.chat,
    },
    messages,
    text: messages.length === 1 && messages[0] ? textOf(messages[0]) : linesOf(messages),
    state,
    handoff: input.handoff && isOver(input.handoff, nowMs) ? undefined : input.handoff,
    history: input.history ?? [],
    usage: input.usage ?? { tokens: 0, costUsd: 0 },
    nowMs,
  }
}

function linesOf(messages: readonly InboundMessage[]): string {
  const texts = messages.map(textOf)
  return texts.filter((text) => text !== '').join('\n')
}

function isOver({ untilMs }: Handoff, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs
}

function withCurrentFloor(state: ConversationState, isCurrent: BeginOptions['isCurrent']): ConversationState {
  if (!state.floor || isCurrent(state.floor)) return state
  const { floor: _, ...rest } = state
  return rest
}

/** Nobody looks up what "2" was the day before. */
const choicesLifeMs = 24 * 3_600_000

/** A customer who was offered choices as a numbered text answers "2": that is the same as choosing the second one. */
function understandChoice(messages: readonly InboundMessage[], state: ConversationState, nowMs: number) {
  const last = messages.at(-1)
  if (!state.choices || !last) return { messages, state }
  const { choices, ...rest } = state
  const isOld = nowMs - (choices.offeredAtMs ?? nowMs) > choicesLifeMs
  if (isOld || last.type === 'selection') return { messages, state: rest }
  const chosen = last.type === 'text' ? findChoice(last.text, choices.options) : undefined
  if (last.type !== 'text' || !chosen) return { messages, state }
  const { text: _, ...base } = last
  const selection: InboundMessage = {
    ...base,
    type: 'selection',
    selection: { id: chosen.id, title: chosen.title },
    source: 'list',
  }
  return { messages: [...messages.slice(0, -1), selection], state: rest }
}
