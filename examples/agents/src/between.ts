import type {
  ConversationState,
  Middleware,
  OutboundMessage,
  RespondInput,
  Route,
  RouteInput,
  TurnResponse,
} from '@wa-agent/core'
import { catalogueSessionSchema } from './catalogue.ts'
import { offTopicIntent } from './off-topic.ts'
import { questionText } from './order-questions.ts'
import { isBusy, type OrderSession, orderSessionSchema } from './order-session.ts'
import { mentionsIn } from './understand-items.ts'
import { productWords } from './vocabulary.ts'
import { isQuestion, wordsOf } from './words.ts'

/** Agents after whose answer an open order is called to mind. */
const interrupters: ReadonlySet<string> = new Set(['faq', 'small-talk', 'order-status', 'menu'])

/**
 * What lies between the agents, which none of them can do alone since each sees only its own state:
 * - what is like the examples of other people's business is no intent at all;
 * - what nobody understood goes to an order that still waits for an answer, also after its floor was given up;
 * - a message of which nothing was understood but the name of a product is about that product;
 * - a question in the middle of an order is answered by whom it is for;
 * - questions about products in the middle of an order are the order's, which knows what "the large one" is;
 * - who looked at boxes and says "10 large" means boxes: the catalogue opens the order;
 * - whoever answers in the middle of an order, the order goes on afterwards.
 */
export const betweenAgents: Middleware = {
  name: 'between-agents',
  async classify(turn, next) {
    const classification = await next(turn)
    if (classification.intent !== offTopicIntent) return classification
    return { confidence: classification.confidence, decidedBy: 'none', entities: {}, reason: 'none of our business' }
  },
  async route(input, next) {
    const route = await next(input)
    const { turn, classification } = input
    const order = orderIn(turn.state)
    const isWaiting = order !== undefined && isBusy(order, turn.nowMs)
    if (isWaiting && route.by === 'floor') return asksOthers(input, order) ?? route
    // A thumb up is an answer here, and elsewhere only a sign.
    if (isWaiting && classification.intent === 'acknowledge') return waits
    if (route.by !== 'fallback' && route.agent !== 'catalogue') return route
    if (isWaiting && classification.decidedBy !== 'rules') {
      return waits
    }
    return route.by === 'fallback' ? (namesProduct(turn.text) ?? route) : route
  },
  async respond(input, next) {
    const response = await next(input)
    if (input.agent.name === 'catalogue') return withInterest(response, input.turn.nowMs)
    return interrupters.has(input.agent.name) ? withReminder(response, input) : response
  },
}

const waits: Route = { agent: 'orders', by: 'floor', reason: 'an order waits for an answer' }

/** In an order, what is clearly a question need not be as clear about what it asks. */
const questionAt = 0.35
/** Nor need be what is no address where one was asked for. */
const noAddressAt = 0.55

function asksOthers({ turn, classification }: RouteInput, order: OrderSession): Route | undefined {
  const { agent, intent, confidence } = classification
  if (agent === undefined || agent === 'orders' || agent === 'catalogue' || confidence < questionAt) return undefined
  const isNoAddress = order.asked === 'address' && confidence >= noAddressAt && !/\d|,/.test(turn.text)
  if (!isNoAddress && !isQuestion(turn.text, wordsOf(turn.text))) return undefined
  return { agent, by: 'intent', reason: `a question, intent ${intent}` }
}

/** A longer text that names a product may be about anything. */
const maxWords = 12

/** Nothing was recognised, but a product of ours is named: with a quantity it is an order, otherwise a look. */
function namesProduct(text: string): Route | undefined {
  const words = wordsOf(text)
  if (words.length > maxWords || !words.some((word) => productWords.has(word))) return undefined
  const isOrder = mentionsIn(words).some(({ quantity }) => quantity !== undefined)
  return { agent: isOrder ? 'orders' : 'catalogue', by: 'fallback', reason: 'a product is named' }
}

function orderIn(state: ConversationState): OrderSession | undefined {
  const stored = state.sessions['orders']
  if (stored === undefined) return undefined
  const parsed = orderSessionSchema.safeParse(stored)
  return parsed.success ? parsed.data : undefined
}

/** The order agent gets the floor for what was looked at; anything else that is recognised takes it away again. */
function withInterest(response: TurnResponse, nowMs: number): TurnResponse {
  const { sessions } = response.state
  const order = orderIn(response.state) ?? orderSessionSchema.parse({})
  const looked = catalogueSessionSchema.safeParse(sessions['catalogue'])
  const interest = looked.success ? looked.data.interest : undefined
  if (!interest || isBusy(order, nowMs)) return response
  const orders: OrderSession = { ...order, asked: 'interest', interest, changedAtMs: nowMs }
  const floor = { agent: 'orders', keptAtMs: nowMs, interruptAt: 0 }
  return { ...response, state: { ...response.state, sessions: { ...sessions, orders }, floor } }
}

function withReminder(response: TurnResponse, { turn, agent, classification }: RespondInput): TurnResponse {
  const order = orderIn(turn.state)
  if (!order || !isBusy(order, turn.nowMs)) return response
  const floor = turn.state.floor
  const state =
    floor?.agent === 'orders' ? { ...response.state, floor: { ...floor, keptAtMs: turn.nowMs } } : response.state
  if (agent.name === 'menu' || classification.intent === 'goodbye') return { ...response, state }
  // Who says hello in the middle of an order needs no menu.
  const replies = response.replies.filter((reply) => reply.type !== 'list')
  const hello = replies.length === 0 ? 'Hello! ' : ''
  const reminder: OutboundMessage = { type: 'text', text: `${hello}Back to your order: ${questionText(order)}` }
  return { ...response, state, replies: [...replies, reminder] }
}
