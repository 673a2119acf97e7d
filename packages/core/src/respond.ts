import type { AgentModel, IntentOf, Intents, RespondContext } from './agent.ts'
import { toModelMessages } from './classify/model.ts'
import type { Clock } from './clock.ts'
import type { ConversationState, Floor, Handoff } from './conversation.ts'
import { WaAgentError } from './errors.ts'
import type { Logger } from './logger.ts'
import { defaultMaxMediaBytes, readMedia, tooLarge } from './media.ts'
import type { RespondInput } from './middleware.ts'
import type { Model, ModelUsage } from './model.ts'
import { collectReplies } from './reply.ts'
import type { RunOptions, TurnResponse } from './turn.ts'

/** What one response may use. */
export interface RespondOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
  readonly interruptAt: number
  readonly controller: AbortController
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
  const { signal } = options.controller
  const collected = collectReplies()
  const session = openSession(input, options.onWarning)
  const floor = createFloor(input, options.interruptAt)
  let handoff: Handoff | undefined
  const last = turn.messages.at(-1)
  if (!last) throw new WaAgentError('invalid_message', 'Expected a turn with at least one message, got none.')

  const context: RespondContext = {
    message: last,
    messages: turn.messages,
    text: turn.text,
    intent: ownIntent(input),
    session,
    reply: collected.reply,
    floor: floor.control,
    handoff(reason, { forMs } = {}) {
      handoff = {
        by: 'agent',
        reason,
        sinceMs: turn.nowMs,
        ...(forMs === undefined ? {} : { untilMs: turn.nowMs + forMs }),
      }
    },
    llm: options.model && createAgentModel(options.model, input, options),
    history: turn.history,
    contact: last.from,
    conversation: turn.conversation,
    turnId: turn.id,
    nowMs: turn.nowMs,
    signal,
    logger: options.logger,
    async openMedia(media, { maxBytes = defaultMaxMediaBytes } = {}) {
      if (!options.openMedia)
        throw new WaAgentError(
          'media_unavailable',
          'No transport is there to open files with. Pass openMedia to pipeline.run().',
        )
      if (media.sizeBytes !== undefined && media.sizeBytes > maxBytes) throw tooLarge(maxBytes)
      return readMedia(await options.openMedia(media, { signal }), maxBytes)
    },
  }
  try {
    await withinTime(async () => agent.respond(context), options)
  } finally {
    collected.seal()
  }
  return {
    replies: collected.messages,
    state: nextState(input, session, floor.current()),
    ...(handoff ? { handoff } : {}),
  }
}

/** Runs `work` until it ends, the time is over or the turn is stopped, whichever comes first. */
async function withinTime(work: () => Promise<void>, { clock, timeoutMs, controller }: RespondOptions): Promise<void> {
  const { signal } = controller
  signal.throwIfAborted()
  const cancelTimer = clock.after(timeoutMs, () => {
    controller.abort(
      new WaAgentError(
        'turn_timeout',
        `The agent did not answer within ${timeoutMs} ms. Make it faster or raise respondTimeoutMs.`,
        { retryable: true },
      ),
    )
  })
  let stop: () => void = () => undefined
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    await Promise.race([work(), stopped])
  } finally {
    cancelTimer()
    signal.removeEventListener('abort', stop)
  }
}

/** The agent's session; a stored one that no longer fits its schema is reset, with a warning. */
function openSession({ agent, turn }: RespondInput, onWarning: (warning: string) => void): unknown {
  const stored = Object.hasOwn(turn.state.sessions, agent.name) ? turn.state.sessions[agent.name] : undefined
  const parsed = agent.session.safeParse(stored ?? {})
  if (parsed.success) return parsed.data
  onWarning(`the stored session of agent ${agent.name} does not fit its schema and was reset`)
  return agent.session.parse({})
}

function ownIntent({ agent, classification }: RespondInput): IntentOf<Intents> | undefined {
  const { intent, confidence, decidedBy, entities } = classification
  if (intent === undefined || classification.agent !== agent.name) return undefined
  return { name: intent, confidence, decidedBy, entities } as IntentOf<Intents>
}

function createFloor({ turn, agent, route }: RespondInput, interruptAt: number) {
  const held = route.by === 'floor' || turn.state.floor?.agent === agent.name
  let floor = turn.state.floor
  return {
    control: {
      held,
      keep(options: { readonly interruptAt?: number } = {}) {
        floor = { agent: agent.name, keptAtMs: turn.nowMs, interruptAt: options.interruptAt ?? interruptAt }
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

function createAgentModel(model: Model, { turn, agent }: RespondInput, options: RespondOptions): AgentModel {
  const conversation = () => [...toModelMessages(turn.history), { role: 'user' as const, text: turn.text }]
  const callOptions = { signal: options.controller.signal, onUsage: options.onUsage }
  return {
    async text({ instructions, messages = conversation(), tools = agent.tools, maxToolRounds }) {
      const request = {
        purpose: 'respond' as const,
        instructions,
        messages,
        tools,
        ...(maxToolRounds === undefined ? {} : { maxToolRounds }),
      }
      return (await model.generate(request, callOptions)).text
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
      return (await model.generate(request, callOptions)).output
    },
  }
}
