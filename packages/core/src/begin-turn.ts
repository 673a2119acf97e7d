import { findChoice } from './choices.ts'
import type { ConversationState } from './conversation.ts'
import { WaAgentError } from './errors.ts'
import { type InboundMessage, textOf } from './message.ts'
import type { Turn } from './middleware.ts'
import { loadState } from './state.ts'
import type { TurnInput } from './turn.ts'

/** Checks and completes what a pipeline was given. Throws `invalid_message` for a turn without messages. */
export function beginTurn(input: TurnInput, options: { nowMs: number; onWarning: (warning: string) => void }): Turn {
  const last = input.messages.at(-1)
  if (!last)
    throw new WaAgentError(
      'invalid_message',
      'Expected a turn with at least one message, got none. Pass messages to pipeline.run().',
    )
  const { messages, state } = understandChoice(input.messages, loadState(input.state, options.onWarning))
  return {
    id: input.turnId ?? last.id,
    conversation: {
      tenant: input.tenant ?? 'default',
      channel: input.channel ?? 'default',
      chat: input.chat ?? last.chat,
    },
    messages,
    text: messages
      .map(textOf)
      .filter((text) => text !== '')
      .join('\n'),
    state,
    handoff: input.handoff,
    history: input.history ?? [],
    usage: input.usage ?? { tokens: 0, costUsd: 0 },
    nowMs: options.nowMs,
  }
}

/** A customer who was offered choices as a numbered text answers "2": that is the same as choosing the second one. */
function understandChoice(messages: readonly InboundMessage[], state: ConversationState) {
  const last = messages.at(-1)
  if (!state.choices || !last) return { messages, state }
  const { choices, ...rest } = state
  if (last.type === 'selection') return { messages, state: rest }
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
