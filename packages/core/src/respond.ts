import type { AgentModel, IntentOf, Intents, RespondContext } from './agent.ts'
import { toModelMessages } from './classify/model.ts'
import type { Clock } from './clock.ts'
import type { ConversationState, Floor, Handoff } from './conversation.ts'
import { WaAgentError } from './errors.ts'
import type { Logger } from './logger.ts'
import { defaultMaxMediaBytes, readMedia, tooLarge } from './media.ts'
import type { MediaReference } from './message.ts'
import type { RespondInput } from './middleware.ts'
import type { Model, ModelUsage } from './model.ts'
import { collectReplies } from './reply.ts'
import { copyOf } from './state.ts'
import { logFieldsOf } from './telemetry/log-fields.ts'
import { boundLogger } from './telemetry/traced-logger.ts'
import type { RunOptions, TurnResponse } from './turn.ts'
import { type TimeLimit, withinTime } from './within-time.ts'

/** What one response may use. */
export interface RespondOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
  readonly interruptAt: number
  /** Stops the turn. */
  readonly signal: AbortSignal | undefined
  /** Absent without a model, and when the budget is spent. */
  readonly model: Model | undefined
  readonly onUsage: (usage: ModelUsage) => void
  readonly onWarning: (warning: string) => void
  readonly openMedia: RunOptions['openMedia']
}

/**
 * Lets the agent answer, within its time. Rejects with `turn_timeout` (retryable) when the time is over, with the signal's
 * reason when the turn is stopped, otherwise with what the agent threw.
 */
export async function respond(input: RespondInput, options: RespondOptions): Promise<TurnResponse> {
  const { turn, agent } = input
  const collected = collectReplies(() => {
    const advice = 'it was dropped: await everything that respond() does'
    const about = logFieldsOf(turn.conversation, turn.messages[0]?.id)
    options.logger.warn({ ...about, agent: agent.name }, `an agent said something after its turn: ${advice}`)
  })
  const session = openSession(input, options.onWarning)
  const floor = createFloor(input, options.interruptAt)
  let handoff: Handoff | undefined
  const said = {
    session,
    reply: collected.reply,
    floor: floor.control,
    handoff(reason: string, { forMs }: { readonly forMs?: number } = {}) {
      const until = forMs === undefined ? {} : { untilMs: turn.nowMs + forMs }
      handoff = { by: 'agent', reason, sinceMs: turn.nowMs, ...until }
    },
  }
  try {
    await withinTime((limit) => agent.respond(contextOf(input, options, { ...said, limit })), {
      ...options,
      timeoutError: () => timedOut(options.timeoutMs),
    })
  } finally {
    collected.seal()
  }
  const state = nextState(input, session, floor.current())
  return handoff ? { replies: collected.messages, state, handoff } : { replies: collected.messages, state }
}

/** What an agent changes while it answers, and the time that it has. */
interface Answering extends Pick<RespondContext, 'session' | 'reply' | 'floor' | 'handoff'> {
  readonly limit: TimeLimit
}

function contextOf(
  input: RespondInput,
  options: RespondOptions,
  { limit, session, reply, floor, handoff }: Answering,
): RespondContext {
  const { turn } = input
  const message = turn.messages.at(-1)
  if (!message) throw new WaAgentError('invalid_message', 'Expected a turn with at least one message, got none.')
  return {
    message,
    messages: turn.messages,
    text: turn.text,
    intent: ownIntent(input),
    session,
    reply,
    floor,
    handoff,
    llm: options.model && createAgentModel(options.model, input, { limit, onUsage: options.onUsage }),
    history: turn.history,
    contact: message.from,
    conversation: turn.conversation,
    turnId: turn.id,
    nowMs: turn.nowMs,
    get signal() {
      return limit.signal
    },
    // Few agents log: the tags are made for those who do.
    get logger() {
      return boundLogger(options.logger, logFieldsOf(turn.conversation, turn.messages[0]?.id))
    },
    openMedia: (media, { maxBytes = defaultMaxMediaBytes } = {}) =>
      openMedia(media, { maxBytes, signal: limit.signal, open: options.openMedia }),
  }
}

function timedOut(timeoutMs: number): WaAgentError {
  const advice = 'Make it faster or raise respondTimeoutMs.'
  return new WaAgentError('turn_timeout', `The agent did not answer within ${timeoutMs} ms. ${advice}`, {
    retryable: true,
  })
}

async function openMedia(
  media: MediaReference,
  { maxBytes, signal, open }: { maxBytes: number; signal: AbortSignal; open: RunOptions['openMedia'] },
): Promise<Uint8Array> {
  if (!open) {
    const advice = 'Pass openMedia to pipeline.run().'
    throw new WaAgentError('media_unavailable', `No transport is there to open files with. ${advice}`)
  }
  if (media.sizeBytes !== undefined && media.sizeBytes > maxBytes) throw tooLarge(maxBytes)
  const stream = await open(media, { signal })
  // A download that stalls ends with the turn.
  return readMedia(stream.pipeThrough(new TransformStream(), { signal }), maxBytes)
}

/** The agent's session; a stored one that no longer fits its schema is reset, with a warning. */
function openSession({ agent, turn }: RespondInput, onWarning: (warning: string) => void): unknown {
  const stored = Object.hasOwn(turn.state.sessions, agent.name) ? turn.state.sessions[agent.name] : undefined
  const parsed = agent.session.safeParse(stored ?? {})
  // Zod hands out parts of its input and of its defaults as they are: changed in place they would change for everybody.
  if (parsed.success) return copyOf(parsed.data)
  onWarning(`the stored session of agent ${agent.name} does not fit its schema and was reset`)
  return copyOf(agent.session.parse({}))
}

function ownIntent({ agent, classification }: RespondInput): IntentOf<Intents> | undefined {
  const { intent, confidence, decidedBy, entities } = classification
  if (intent === undefined || classification.agent !== agent.name) return undefined
  return { name: intent, confidence, decidedBy, entities } as IntentOf<Intents>
}

function createFloor({ turn, agent }: RespondInput, interruptAt: number) {
  const held = turn.state.floor?.agent === agent.name
  let floor = turn.state.floor
  return {
    control: {
      held,
      keep(options: { readonly interruptAt?: number } = {}) {
        // JSON knows no Infinity; everything above 1 means the same.
        const atMost = Math.min(options.interruptAt ?? interruptAt, 2)
        floor = { agent: agent.name, keptAtMs: turn.nowMs, interruptAt: atMost }
      },
      give() {
        // Another agent's floor is not this one's to give: it only answers in between.
        if (floor?.agent === agent.name) floor = undefined
      },
    },
    current: (): Floor | undefined => floor,
  }
}

function nextState({ turn, agent }: RespondInput, session: unknown, floor: Floor | undefined): ConversationState {
  const { floor: _, sessions, ...rest } = turn.state
  const isEmpty = typeof session === 'object' && session !== null && Object.keys(session).length === 0
  const unchanged = isEmpty && !Object.hasOwn(sessions, agent.name)
  return {
    ...rest,
    sessions: unchanged ? sessions : { ...sessions, [agent.name]: session },
    ...(floor ? { floor } : {}),
  }
}

/** What a model reads of a turn: more would only cost. */
const maxTurnTextLength = 16_000

/** A turn without words is told by what was sent, because models refuse an empty message. */
function saidTo({ text, messages }: RespondInput['turn']): string {
  if (text === '') return messages.map((message) => `[${message.type}]`).join(' ')
  return text.slice(0, maxTurnTextLength).toWellFormed()
}

function createAgentModel(
  model: Model,
  { turn, agent }: RespondInput,
  { limit, onUsage }: Pick<RespondOptions, 'onUsage'> & Pick<Answering, 'limit'>,
): AgentModel {
  const conversation = () => [...toModelMessages(turn.history), { role: 'user' as const, text: saidTo(turn) }]
  const callOptions = () => ({ signal: limit.signal, onUsage })
  return {
    async text({ instructions, messages = conversation(), tools = agent.tools, maxToolRounds }) {
      const request = {
        purpose: 'respond' as const,
        instructions,
        messages,
        tools,
        ...(maxToolRounds === undefined ? {} : { maxToolRounds }),
      }
      return (await model.generate(request, callOptions())).text
    },
    async data({ instructions, messages = conversation(), tools = [], maxToolRounds, output }) {
      const request = {
        purpose: 'respond' as const,
        instructions,
        messages,
        tools,
        output,
        ...(maxToolRounds === undefined ? {} : { maxToolRounds }),
      }
      return (await model.generate(request, callOptions())).output
    },
  }
}
