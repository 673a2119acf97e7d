import {
  adaptMessage,
  type Capabilities,
  type Clock,
  type ConversationState,
  createPipeline,
  type InboundMessage,
  type Model,
  type OutboundMessage,
  type Pipeline,
  type TurnResult,
} from '@wa-agent/core'
import { type InboundBuilder, inboundBuilder } from '@wa-agent/testing'
import { shopFallback } from './fallback.ts'
import { type OrderStore, sqliteOrderStore } from './order-store.ts'
import { shopPlugin } from './shop.ts'

/** A customer's side of a transcript: a text, a message, or several that come as one turn. */
export type Said = string | ((message: InboundBuilder) => InboundMessage | readonly InboundMessage[])

/** One step: what the customer says, and what of the answer matters; a string is contained in it. */
export type Step = readonly [said: Said, ...answers: (string | RegExp)[]]

/** How a conversation is set up. */
export interface ConversationOptions {
  readonly store?: OrderStore
  readonly model?: Model
  readonly from?: string
  readonly state?: ConversationState
}

/** A chat with the shop's agents through the pipeline, with state and choices carried along as the engine does it. */
export class ShopConversation {
  readonly store: OrderStore
  readonly pipeline: Pipeline
  nowMs = Date.UTC(2026, 10, 23, 10)
  state: ConversationState | undefined
  handoff: TurnResult['handoff']
  readonly #messages: InboundBuilder

  constructor(options: ConversationOptions = {}) {
    const { store = sqliteOrderStore({ path: ':memory:' }), model, from = 'anna' } = options
    const clock: Clock = { now: () => this.nowMs, after: () => () => undefined }
    this.store = store
    this.state = options.state
    this.pipeline = createPipeline({ plugins: [shopPlugin({ orders: store })], fallback: shopFallback, model, clock })
    this.#messages = inboundBuilder({ from, startMs: this.nowMs, idPrefix: `${from}-` })
  }

  /** One turn. Run with `commit: false` it leaves everything as if the process had died before the commit. */
  async say(said: Said, { commit = true, turnId }: { commit?: boolean; turnId?: string } = {}): Promise<TurnResult> {
    const built = typeof said === 'string' ? this.#messages.text(said) : said(this.#messages)
    const messages = 'id' in built ? [built] : built
    const input = { messages, state: this.state, ...(this.handoff ? { handoff: this.handoff } : {}) }
    const result = await this.pipeline.run(turnId === undefined ? input : { ...input, turnId })
    if (!commit) return result
    this.state = withChoices(result)
    if (result.handoff !== undefined) this.handoff = result.handoff
    return result
  }

  /** The answer as a chat without buttons shows it. */
  async ask(said: Said): Promise<string> {
    return shown((await this.say(said)).replies)
  }

  /** Plays a transcript; the first answer that is not as expected is returned as a readable line. */
  async play(steps: readonly Step[]): Promise<string | undefined> {
    for (const [said, ...answers] of steps) {
      const answer = await this.ask(said)
      const missing = answers.find((part) => (typeof part === 'string' ? !answer.includes(part) : !part.test(answer)))
      if (missing !== undefined) return `after ${JSON.stringify(said)}: expected ${missing}, got: ${answer}`
    }
    return undefined
  }
}

const textOnly: Capabilities = {
  types: ['text'],
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 0,
  maxListRows: 0,
  quotes: false,
}

/** Replies as one text, lists and buttons as numbered lines. */
export function shown(replies: readonly OutboundMessage[]): string {
  return replies
    .flatMap((reply) => adaptMessage(reply, textOnly).messages)
    .map((message) => ('text' in message ? message.text : `<${message.type}>`))
    .join('\n---\n')
}

function withChoices({ state, replies, trace }: TurnResult): ConversationState {
  const { choices: old, ...rest } = state
  const agent = trace.route.agent
  const options = replies.map((reply) => adaptMessage(reply, textOnly).choices).findLast(Boolean)
  if (agent !== undefined && options) return { ...rest, choices: { agent, options } }
  return old && old.agent !== agent ? state : rest
}
