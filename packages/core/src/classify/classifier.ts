import type { Agent } from '../agent.ts'
import type { Clock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'
import { type InboundMessage, textOf } from '../message.ts'
import type { Model, ModelUsage } from '../model.ts'
import { isBlank } from '../normalize.ts'
import type { HistoryEntry } from '../storage.ts'
import type { Classification } from '../turn.ts'
import { type TimeLimit, withinTime } from '../within-time.ts'
import { type ExamplesClassifierOptions, trainExamples } from './examples/examples-classifier.ts'
import { createModelClassifier } from './model.ts'
import { createRules } from './rules.ts'

/** How the cascade is made. */
export interface ClassifierOptions {
  readonly agents: readonly Agent[]
  readonly model?: Model | undefined
  /** Settings of the examples classifier. */
  readonly examples?: ExamplesClassifierOptions | undefined
}

/** What there is to classify. */
export interface ClassifierInput {
  readonly messages: readonly InboundMessage[]
  /** What the messages say, a line each. */
  readonly text: string
  readonly history: readonly HistoryEntry[]
}

/** What one classification may use. */
export interface ClassifyOptions {
  readonly clock: Clock
  /** How long the model may take. */
  readonly timeoutMs: number
  /** Stops the turn. */
  readonly signal: AbortSignal | undefined
  /** Whether the model may be asked: a budget may be spent, or nobody needs to know that exactly. */
  readonly askModel: boolean
  readonly onUsage: (usage: ModelUsage) => void
  /** Told when the model was wanted and failed: the cascade then goes on without it. */
  readonly onModelError: (error: unknown) => void
}

/** The cascade: rules, examples, model; cheapest first, each deciding or passing on. */
export interface Classifier {
  /** Whether a message takes the conversation back from a person: by a rule of an intent with `endsHandoff`. */
  findRelease(input: Pick<ClassifierInput, 'messages' | 'text'>): Classification | undefined
  classify(input: ClassifierInput, options: ClassifyOptions): Classification | Promise<Classification>
}

/** Makes the cascade of `agents`. Trains the examples classifier, which takes milliseconds for a usual bot. */
export function createClassifier({ agents, model, examples }: ClassifierOptions): Classifier {
  const rules = createRules(agents)
  const byExamples = createExamplesStep(agents, examples)
  const byModel =
    model && agents.some((agent) => Object.keys(agent.intents).length > 0) && createModelClassifier(model, agents)

  const releases = createRules(agents.map(onlyReleases))

  return {
    findRelease: ({ messages, text }) => releases.classify(messages, text),
    classify(input, options) {
      const byRule = rules.classify(input.messages, input.text)
      if (byRule) return byRule
      if (isBlank(input.text) || input.messages.every((message) => message.type === 'reaction')) {
        return nothing('there is no text to classify')
      }
      const guess = byExamples(input)
      if (guess.intent !== undefined || !byModel || !options.askModel) return guess
      const ask = ({ signal }: TimeLimit) => byModel.classify(input, { signal, onUsage: options.onUsage })
      const timeoutError = () => tooSlow(options.timeoutMs)
      return withinTime(ask, { ...options, timeoutError }).catch((error: unknown) => {
        if (options.signal?.aborted) throw options.signal.reason
        options.onModelError(error)
        return guess
      })
    },
  }
}

function onlyReleases(agent: Agent): Agent {
  return {
    ...agent,
    intents: Object.fromEntries(Object.entries(agent.intents).filter(([, intent]) => intent.endsHandoff)),
  }
}

function tooSlow(timeoutMs: number): WaAgentError {
  const advice = 'Use a faster model or raise classifyTimeoutMs.'
  return new WaAgentError('model_timeout', `The model did not classify within ${timeoutMs} ms. ${advice}`, {
    retryable: true,
  })
}

function nothing(reason: string, confidence = 0): Classification {
  return { confidence, decidedBy: 'none', entities: {}, reason }
}

function createExamplesStep(agents: readonly Agent[], options: ExamplesClassifierOptions | undefined) {
  // Two agents may use one intent name: a label is the place in this list, which no author's name can collide with.
  const labels: { agent: string; intent: string }[] = []
  const examples: { text: string; intent: string }[] = []
  for (const agent of agents) {
    for (const [intent, definition] of Object.entries(agent.intents)) {
      if (!definition.examples?.length) continue
      const label = String(labels.push({ agent: agent.name, intent }) - 1)
      for (const text of definition.examples) examples.push({ text, intent: label })
    }
  }
  // Also without examples: its options are checked.
  const trained = trainExamples(examples, options)
  if (examples.length === 0) return () => nothing('no agent has examples')

  return ({ messages, text }: ClassifierInput): Classification => {
    let prediction = trained.classify(text)
    // A burst is read as a whole first; where that says nothing, its parts may ("hi" / "where is my order?").
    for (const message of messages.length > 1 ? messages.toReversed() : []) {
      if (prediction.intent !== undefined) break
      const part = trained.classify(textOf(message))
      if (part.intent !== undefined) prediction = part
    }
    const label = prediction.intent === undefined ? undefined : labels[Number(prediction.intent)]
    if (!label) return nothing('unlike all examples', prediction.confidence)
    return {
      ...label,
      confidence: prediction.confidence,
      decidedBy: 'examples',
      entities: {},
      reason: 'like the examples',
    }
  }
}
