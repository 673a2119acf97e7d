import { type ZodObject, type ZodType, z } from 'zod'
import { checkIntents } from './check-intents.ts'
import type { ConversationKey } from './conversation.ts'
import { WaAgentError } from './errors.ts'
import type { Logger } from './logger.ts'
import type { Contact, InboundMessage, InboundType, MediaReference } from './message.ts'
import type { ModelMessage, Tool } from './model.ts'
import type { Reply } from './reply.ts'
import type { HistoryEntry } from './storage.ts'

/** One thing that customers want from an agent, and how to recognise it. */
export interface IntentDefinition<Entities extends ZodObject = ZodObject> {
  /** For a model, where the examples alone do not tell. */
  readonly description?: string
  /** What customers say, 3 to 100 sentences in any languages: the examples classifier is trained on them. */
  readonly examples?: readonly string[]
  /**
   * Decide at once: a string is the whole message (case, accents and punctuation aside) or the id of a chosen button; a
   * pattern is searched in the text, and its named groups become entities. A pattern is yours: one that backtracks without
   * end, like `(a+)+$`, stops the whole process.
   */
  readonly rules?: readonly (string | RegExp)[]
  /** Message types that mean this intent by themselves, e.g. `order` or `location`. */
  readonly types?: readonly InboundType[]
  /** A rule of this intent takes the conversation back from a person who has it by handoff. Default `false`. */
  readonly endsHandoff?: boolean
  /** What is to be found in the sentence. Rules with named groups and models fill it; each field may be missing. */
  readonly entities?: Entities
}

/** The intents of an agent by name. */
export type Intents = Readonly<Record<string, IntentDefinition>>

/** Which step of the cascade decided; `none`: no intent was recognised. */
export type DecidedBy = 'rules' | 'examples' | 'model' | 'none'

type EntitiesOf<Definition> = Definition extends { readonly entities: infer Entities extends ZodObject }
  ? Partial<z.output<Entities>>
  : Readonly<Record<string, never>>

/** A recognised intent: a union over the agent's own intents, so that `intent.name` is one of its names. */
export type IntentOf<Own extends Intents> = {
  readonly [Name in keyof Own & string]: {
    readonly name: Name
    /** 0..1, calibrated. */
    readonly confidence: number
    readonly decidedBy: DecidedBy
    readonly entities: EntitiesOf<Own[Name]>
  }
}[keyof Own & string]

/** Asking the model from within an agent. The conversation so far is sent along unless `messages` says otherwise. */
export interface AgentModel {
  /** A text, after at most `maxToolRounds` rounds of tool calls; the agent's own tools unless others are given. */
  text(request: AgentModelRequest): Promise<string>
  /** Data of the given shape. */
  data<Output extends ZodType>(request: AgentModelRequest & { readonly output: Output }): Promise<z.output<Output>>
}

/** What an agent asks a model. */
export interface AgentModelRequest {
  readonly instructions: string
  readonly messages?: readonly ModelMessage[]
  readonly tools?: readonly Tool[]
  readonly maxToolRounds?: number
}

/** Keeping and giving up the floor. */
export interface FloorControl {
  /**
   * The next message comes back to this agent, unless another agent's intent is recognised with at least `interruptAt`
   * (default: the pipeline's `floor.interruptAt`; above 1 only a rule interrupts).
   */
  keep(options?: { readonly interruptAt?: number }): void
  give(): void
  /** Whether this agent had the floor when the message came. */
  readonly held: boolean
}

/** What `respond` gets. */
export interface RespondContext<Own extends Intents = Intents, Session = unknown> {
  /** The newest message of the turn. */
  readonly message: InboundMessage
  /** All messages of the turn, oldest first: a burst is one turn. */
  readonly messages: readonly InboundMessage[]
  /** What the turn's messages say, a line each. */
  readonly text: string
  /** This agent's recognised intent; `undefined` where the message came by floor or fallback. */
  readonly intent: IntentOf<Own> | undefined
  /** This agent's state of the conversation: change it in place, it is committed with the turn. */
  readonly session: Session
  readonly reply: Reply
  readonly floor: FloorControl
  /** Hands the conversation to a person: the bot is silent from the next message on, until released or for `forMs`. */
  handoff(reason: string, options?: { readonly forMs?: number }): void
  /** `undefined` without a model, and when the tenant's budget of the day is spent: answer without it. */
  readonly llm: AgentModel | undefined
  readonly history: readonly HistoryEntry[]
  readonly contact: Contact
  readonly conversation: ConversationKey
  /** The same at every attempt of the turn: make side effects idempotent with it. */
  readonly turnId: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Aborted when the turn's time is over or its lease is lost. */
  readonly signal: AbortSignal
  /** Its lines name the conversation, by a tag, the first message and the trace. */
  readonly logger: Logger
  /** The bytes of a file that came in, at most `maxBytes` (default 16 MiB): beyond it `media_too_large`. */
  openMedia(media: MediaReference, options?: { readonly maxBytes?: number }): Promise<Uint8Array>
}

/** What `defineAgent` takes. */
export interface AgentDefinition<Own extends Intents, Session extends ZodType> {
  /** 1-64 lower-case letters, digits, `-` and `_`. */
  readonly name: string
  /** What it does, in a sentence: for people and for a model that routes. */
  readonly description: string
  readonly intents?: Own
  /** Every field needs a default, because a conversation begins with `{}`. What no longer fits is reset with a warning. */
  readonly session?: Session
  /** What a model may do on this agent's behalf. */
  readonly tools?: readonly Tool[]
  /** Answers a turn. What it throws is retried by the engine; it runs again from the same session. */
  respond(context: RespondContext<Own, z.output<Session>>): void | Promise<void>
}

/** An agent as the pipeline sees it. Make one with `defineAgent`. */
export interface Agent {
  readonly name: string
  readonly description: string
  readonly intents: Intents
  readonly session: ZodType
  readonly tools: readonly Tool[]
  respond(context: RespondContext): void | Promise<void>
}

const agentNamePattern = /^[a-z][a-z0-9_-]{0,63}$/

/**
 * Defines an agent: a plugin that answers. Its own intents' names are known to `respond` as types.
 * Throws `invalid_options` for a bad name, for intents that cannot be recognised by what is written there, and for a session
 * schema that does not accept `{}`.
 */
export function defineAgent<
  const Own extends Intents = Readonly<Record<never, never>>,
  Session extends ZodType = ZodObject<Record<never, never>>,
>(definition: AgentDefinition<Own, Session>): Agent {
  const { name, description, intents, session, tools, respond } = definition
  if (!agentNamePattern.test(name) || name in Object.prototype) {
    throw new WaAgentError(
      'invalid_options',
      `Expected an agent name of lower-case letters, digits, "-" and "_", beginning with a letter, got "${name}". Rename it in defineAgent().`,
    )
  }
  if (session && !session.safeParse({}).success) {
    throw new WaAgentError(
      'invalid_options',
      `The session schema of agent "${name}" does not accept {}. Give every field a default: z.object({ cart: z.array(Item).default([]) }).`,
    )
  }
  checkIntents(name, intents ?? {})
  return {
    name,
    description,
    intents: intents ?? {},
    session: session ?? z.object({}),
    tools: tools ?? [],
    // The pipeline hands in the session that `session` has parsed and an intent of `intents`: the types agree by construction.
    respond: (context) => respond(context as unknown as RespondContext<Own, z.output<Session>>),
  }
}
