import { type Agent, defineAgent } from './agent.ts'
import { beginTurn } from './begin-turn.ts'
import { checkNames } from './check-names.ts'
import { type Classifier, createClassifier } from './classify/classifier.ts'
import type { ExamplesClassifierOptions } from './classify/examples/examples-classifier.ts'
import { type Clock, systemClock } from './clock.ts'
import { describeError, isWaAgentError, WaAgentError } from './errors.ts'
import type { Logger } from './logger.ts'
import { meteredModel } from './metered-model.ts'
import { compose, type Middleware, type RespondInput, type RouteInput, type Turn } from './middleware.ts'
import type { Model, ModelUsage } from './model.ts'
import { pipelineOptionNames } from './pipeline-option-names.ts'
import type { Plugin } from './plugin.ts'
import { createPluginRunner, type PluginRunner } from './plugins.ts'
import { respond } from './respond.ts'
import { createRouter, defaultFloorIdleMs, defaultInterruptAt, type FloorOptions } from './route.ts'
import type { Usage } from './storage.ts'
import { observedModel } from './telemetry/observed-model.ts'
import { ofClassification, ofResponse, ofRoute } from './telemetry/observed-step.ts'
import { startTelemetry } from './telemetry/telemetry.ts'
import { tracedLogger } from './telemetry/traced-logger.ts'
import { createTracer, type Tracer } from './tracer.ts'
import type {
  Classification,
  ModelCall,
  Pipeline,
  Route,
  RunOptions,
  TurnInput,
  TurnResponse,
  TurnResult,
} from './turn.ts'

/** What a tenant's models may cost on one day. When either is reached, the cascade and the agents go on without a model. */
export interface ModelBudget {
  readonly tokensPerDay?: number
  readonly costUsdPerDay?: number
}

/** How a pipeline is made. */
export interface PipelineOptions {
  readonly agents?: readonly Agent[]
  readonly plugins?: readonly Plugin[]
  /** Classifies what the cheaper steps leave open, and is `llm` in the agents. Default: none; everything works without. */
  readonly model?: Model | undefined
  /** Default: no limit. */
  readonly budget?: ModelBudget
  /** Answers what no intent was recognised in. Default: a plugin's, else an agent that asks to say it another way. */
  readonly fallback?: Agent
  readonly middleware?: readonly Middleware[]
  /** Settings of the examples classifier. */
  readonly examples?: ExamplesClassifierOptions
  readonly floor?: FloorOptions
  /** How long the model may take to classify; after it the cascade goes on without the model. Default 10,000. */
  readonly classifyTimeoutMs?: number
  /** How long an agent may take. Default 30,000. */
  readonly respondTimeoutMs?: number
  /** How many lines of the past a turn sees. Default 20 with a model, otherwise 0. */
  readonly historyLimit?: number
  readonly clock?: Clock
  readonly logger?: Logger
  /** A stopwatch for traces, in milliseconds. Default `performance.now`. */
  readonly elapsedMs?: () => number
}

const politeFallback = defineAgent({
  name: 'fallback',
  description: 'Asks to say it another way.',
  respond: ({ reply }) => reply.text('Sorry, I did not understand that. Could you say it another way?'),
})

/**
 * Makes the pipeline: classify, route, respond, as one function from data to data. Trains the examples classifier.
 * Throws `invalid_options` where two agents have one name or there is no agent at all.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  checkNames('createPipeline', options, pipelineOptionNames)
  checkNumbers(options)
  return new AgentPipeline(options)
}

/** Throws `invalid_options` for a number that would make every turn fail or every limit void. */
function checkNumbers({
  respondTimeoutMs,
  classifyTimeoutMs,
  historyLimit,
  floor = {},
  budget = {},
}: PipelineOptions): void {
  const above = { respondTimeoutMs, classifyTimeoutMs }
  const least = { historyLimit, 'floor.idleMs': floor.idleMs, 'floor.interruptAt': floor.interruptAt, ...budget }
  for (const [name, value] of Object.entries({ ...above, ...least })) {
    if (value === undefined) continue
    const isAbove = name in above
    if (typeof value === 'number' && (isAbove ? value > 0 : value >= 0)) continue
    const expected = isAbove ? 'a number above 0' : 'a number of at least 0'
    throw new WaAgentError(
      'invalid_options',
      `[createPipeline] Expected \`${name}\` to be ${expected}, got ${String(value)}.`,
    )
  }
}

/** What belongs to one run of the pipeline. */
interface Run {
  readonly options: RunOptions
  readonly tracer: Tracer
  /** Absent without a model, and when the tenant's budget is spent. */
  readonly model: Model | undefined
}

class AgentPipeline implements Pipeline {
  readonly historyLimit: number
  readonly #options: PipelineOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #elapsedMs: () => number
  readonly #agents: ReadonlyMap<string, Agent>
  readonly #classifier: Classifier
  readonly #floorIdleMs: number
  readonly #router: (input: RouteInput) => Route
  readonly #model: Model | undefined
  readonly #plugins: PluginRunner
  readonly #layers: Layers

  constructor(options: PipelineOptions) {
    const { agents = [], plugins = [], middleware = [], floor = {} } = options
    const model = options.model && observedModel(meteredModel(options.model))
    const fallback = options.fallback ?? plugins.find((plugin) => plugin.fallback)?.fallback ?? politeFallback
    this.#model = model
    this.historyLimit = options.historyLimit ?? (model ? 20 : 0)
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = tracedLogger(options.logger)
    this.#elapsedMs = options.elapsedMs ?? (() => performance.now())
    this.#agents = collectAgents([...agents, ...plugins.flatMap((plugin) => plugin.agents ?? [])], fallback)
    this.#classifier = createClassifier({ agents: [...this.#agents.values()], model, examples: options.examples })
    this.#floorIdleMs = floor.idleMs ?? defaultFloorIdleMs
    this.#router = createRouter({ agents: this.#agents, fallback })
    this.#plugins = createPluginRunner(plugins, this.#logger)
    this.#layers = collectLayers([...middleware, ...plugins.flatMap((plugin) => plugin.middleware ?? [])])
  }

  async start(): Promise<void> {
    await startTelemetry()
    await this.#plugins.start()
  }

  stop(): Promise<void> {
    return this.#plugins.stop()
  }

  async run(input: TurnInput, options: RunOptions = {}): Promise<TurnResult> {
    options.signal?.throwIfAborted()
    try {
      await this.#plugins.start()
      return await this.#runTurn(input, options)
    } catch (error) {
      throw options.signal?.aborted || isWaAgentError(error) ? error : failedTurn(error)
    }
  }

  async #runTurn(input: TurnInput, options: RunOptions): Promise<TurnResult> {
    const tracer = createTracer(this.#elapsedMs)
    const turn = this.#begin(input, tracer)
    const isAffordable = isWithin(this.#options.budget, turn.usage)
    const run = { options, tracer, model: isAffordable ? this.#model : undefined }
    const classify = compose(this.#layers.classify, (current) => this.#classify(current, run))
    const route = compose(this.#layers.route, async (current) => this.#router(current))
    const answer = compose(this.#layers.respond, (current) => this.#respond(current, run))

    const classification = await tracer.timed('classify', () => classify(turn), ofClassification)
    const { agent: named } = classification
    if (named !== undefined && !this.#agents.has(named)) throw unknownAgent('A classification names', named)
    const decision = await tracer.timed('route', () => route({ turn, classification }), ofRoute)
    const decisions = { classification, route: decision }
    if (decision.agent === undefined) return { replies: [], state: turn.state, trace: tracer.finish(decisions) }
    const agent = this.#agents.get(decision.agent)
    if (!agent) throw unknownAgent('A route leads to', decision.agent)
    const request = { turn, classification, route: decision, agent }
    const response = await tracer.timed('respond', () => answer(request), ofResponse(agent))
    // Whoever answers a conversation that a person had takes it back, unless it hands over again.
    const taken = turn.handoff && response.handoff === undefined ? { handoff: null } : {}
    return { ...response, ...taken, trace: tracer.finish(decisions) }
  }

  #begin(input: TurnInput, tracer: Tracer): Turn {
    const nowMs = this.#clock.now()
    return beginTurn(input, {
      nowMs,
      isCurrent: ({ agent, keptAtMs }) => this.#agents.has(agent) && nowMs - keptAtMs <= this.#floorIdleMs,
      onWarning: (warning) => tracer.warnings.push(warning),
    })
  }

  async #classify(turn: Turn, run: Run): Promise<Classification> {
    if (turn.handoff) return this.#classifier.findRelease(turn) ?? unasked
    return this.#classifier.classify(turn, {
      clock: this.#clock,
      timeoutMs: this.#options.classifyTimeoutMs ?? 10_000,
      signal: run.options.signal,
      // In the middle of a dialogue most answers are of no intent: nobody needs a model to know that.
      askModel: run.model !== undefined && turn.state.floor === undefined,
      onUsage: this.#noteUsage('classify', run),
      onModelError: (error) => run.tracer.warnings.push(`the model could not classify: ${describeError(error)}`),
    })
  }

  #respond(input: RespondInput, run: Run): Promise<TurnResponse> {
    const { respondTimeoutMs = 30_000, floor = {} } = this.#options
    return respond(input, {
      clock: this.#clock,
      logger: this.#logger,
      timeoutMs: respondTimeoutMs,
      interruptAt: floor.interruptAt ?? defaultInterruptAt,
      signal: run.options.signal,
      model: run.model,
      onUsage: this.#noteUsage('respond', run),
      onWarning: (warning) => run.tracer.warnings.push(warning),
      openMedia: run.options.openMedia,
    })
  }

  #noteUsage(purpose: ModelCall['purpose'], { model, tracer, options }: Run): (usage: ModelUsage) => void {
    return (usage) => {
      if (model) tracer.used(model, purpose, usage)
      options.onUsage?.(usage)
    }
  }
}

interface Layers {
  readonly classify: readonly NonNullable<Middleware['classify']>[]
  readonly route: readonly NonNullable<Middleware['route']>[]
  readonly respond: readonly NonNullable<Middleware['respond']>[]
}

function collectLayers(middleware: readonly Middleware[]): Layers {
  return {
    classify: middleware.flatMap((layer) => layer.classify ?? []),
    route: middleware.flatMap((layer) => layer.route ?? []),
    respond: middleware.flatMap((layer) => layer.respond ?? []),
  }
}

const unasked = { confidence: 0, decidedBy: 'none', entities: {}, reason: 'nobody asked: a person answers' } as const

function collectAgents(agents: readonly Agent[], fallback: Agent): Map<string, Agent> {
  if (agents.length === 0) {
    throw new WaAgentError(
      'invalid_options',
      'Expected at least one agent, got none. Pass agents or plugins to createPipeline().',
    )
  }
  const byName = new Map<string, Agent>()
  for (const agent of agents.includes(fallback) ? agents : [...agents, fallback]) {
    if (byName.has(agent.name)) {
      throw new WaAgentError(
        'invalid_options',
        `Expected agents with different names, got "${agent.name}" twice. Rename one of them.`,
      )
    }
    byName.set(agent.name, agent)
  }
  return byName
}

function isWithin(budget: ModelBudget | undefined, usage: Usage): boolean {
  const { tokensPerDay = Number.POSITIVE_INFINITY, costUsdPerDay = Number.POSITIVE_INFINITY } = budget ?? {}
  return usage.tokens < tokensPerDay && usage.costUsd < costUsdPerDay
}

/** What an agent, a middleware or a plugin threw. Its own message may hold what a customer wrote: it stays in the cause. */
function failedTurn(cause: unknown): WaAgentError {
  const message = `The turn failed with ${describeError(cause)}. Look at the cause and at the code that threw it.`
  return new WaAgentError('turn_failed', message, { retryable: true, cause })
}

function unknownAgent(what: string, name: string): WaAgentError {
  return new WaAgentError(
    'turn_failed',
    `${what} agent "${name}", which this pipeline does not have. Look at the middleware that chose it.`,
  )
}
