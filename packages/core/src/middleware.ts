import type { Agent } from './agent.ts'
import type { ConversationKey, ConversationState, Handoff } from './conversation.ts'
import type { InboundMessage } from './message.ts'
import type { HistoryEntry, Usage } from './storage.ts'
import type { Classification, Route, TurnResponse } from './turn.ts'

/** A turn whose input has been checked and completed: what the three steps work on. */
export interface Turn {
  readonly id: string
  readonly conversation: ConversationKey
  readonly messages: readonly InboundMessage[]
  /** What the messages say, a line each. */
  readonly text: string
  readonly state: ConversationState
  readonly handoff: Handoff | undefined
  readonly history: readonly HistoryEntry[]
  readonly usage: Usage
  readonly nowMs: number
}

/** What the second step gets. */
export interface RouteInput {
  readonly turn: Turn
  readonly classification: Classification
}

/** What the third step gets: the turn and the agent that answers it. */
export interface RespondInput extends RouteInput {
  readonly route: Route
  readonly agent: Agent
}

/** One layer of the onion around a step: looks at the input, calls `next` or not, looks at the result. */
export type Layer<Input, Output> = (input: Input, next: (input: Input) => Promise<Output>) => Promise<Output>

/** Layers around the steps of the pipeline. The first middleware of a list is the outermost. */
export interface Middleware {
  readonly name: string
  readonly classify?: Layer<Turn, Classification>
  readonly route?: Layer<RouteInput, Route>
  /** Not called where nobody answers. */
  readonly respond?: Layer<RespondInput, TurnResponse>
}

/** Puts `layers` around `core`, the first one outermost. */
export function compose<Input, Output>(
  layers: readonly Layer<Input, Output>[],
  core: (input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return layers.reduceRight<(input: Input) => Promise<Output>>(
    (next, layer) => async (input) => layer(input, next),
    core,
  )
}
