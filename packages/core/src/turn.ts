import type { DecidedBy } from './agent.ts'
import type { ConversationState, Handoff } from './conversation.ts'
import type { InboundMessage, MediaReference, OutboundMessage } from './message.ts'
import type { ModelUsage } from './model.ts'
import type { HistoryEntry, Usage } from './storage.ts'

/** What a pipeline works on: the pending messages of one conversation and what is known of it. Plain data. */
export interface TurnInput {
  /** At least one, oldest first. */
  readonly messages: readonly InboundMessage[]
  /** Default: `default`. */
  readonly tenant?: string
  /** Default: `default`. */
  readonly channel?: string
  /** Default: the chat of the messages. */
  readonly chat?: string
  /** As the last turn returned it; not trusted. */
  readonly state?: ConversationState | undefined
  readonly handoff?: Handoff | undefined
  readonly history?: readonly HistoryEntry[]
  /** What the tenant's models have cost today, for the budget. */
  readonly usage?: Usage
  /** The same at every attempt. Default: made from the last message's id. */
  readonly turnId?: string
}

/** What was understood. */
export interface Classification {
  /** Absent: none of the intents. */
  readonly intent?: string
  /** Whose intent it is. */
  readonly agent?: string
  /** 0..1, calibrated: of the intent, or of the best guess where none was recognised. */
  readonly confidence: number
  readonly decidedBy: DecidedBy
  readonly entities: Readonly<Record<string, unknown>>
  /** Why, in a few words and without the customer's text. */
  readonly reason: string
}

/** Who answers. `agent` is absent where the bot stays silent. */
export interface Route {
  readonly agent?: string
  readonly by: 'intent' | 'floor' | 'fallback' | 'handoff' | 'ignored'
  readonly reason: string
}

/** What an agent answered. */
export interface TurnResponse {
  readonly replies: readonly OutboundMessage[]
  readonly state: ConversationState
  /** The agent hands over to a person, or (`null`) takes back. */
  readonly handoff?: Handoff | null
}

/** One call of a model. */
export interface ModelCall {
  readonly model: string
  readonly purpose: 'classify' | 'respond'
  readonly usage: ModelUsage
  readonly durationMs: number
}

/** What each step decided, why, and how long it took. */
export interface TurnTrace {
  readonly classification: Classification
  readonly route: Route
  readonly durationMs: {
    readonly classify: number
    readonly route: number
    readonly respond: number
    readonly total: number
  }
  readonly modelCalls: readonly ModelCall[]
  /** What a person should know, e.g. that a session was reset. */
  readonly warnings: readonly string[]
}

/** What a pipeline made of a turn. */
export interface TurnResult extends TurnResponse {
  readonly trace: TurnTrace
}

/** What may go along with a turn. */
export interface RunOptions {
  /** Stops the turn: the agent's signal is aborted and `run` rejects. */
  readonly signal?: AbortSignal
  /** Called for each billed call of a model, also in a turn that fails. */
  readonly onUsage?: (usage: ModelUsage) => void
  /** How files that came in are opened. Without it `openMedia` rejects with `media_unavailable`. */
  readonly openMedia?: (
    media: MediaReference,
    options: { readonly signal: AbortSignal },
  ) => Promise<ReadableStream<Uint8Array>>
}

/** Classify, route, respond: a function from data to data. It sends nothing and stores nothing. */
export interface Pipeline {
  /** How many lines of the past it wants to see. */
  readonly historyLimit: number
  /** Sets up what its plugins need; `run` does it too where it was not done. */
  start?(): Promise<void>
  /** Rejects with a `WaAgentError`, whose `retryable` says whether the turn may be tried again. */
  run(input: TurnInput, options?: RunOptions): Promise<TurnResult>
  /** Lets go of what `start` took. */
  stop?(): Promise<void>
}
