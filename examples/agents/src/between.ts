import type {
  ConversationState,
  Middleware,
  OutboundMessage,
  RespondInput,
  Route,
  RouteInput,
  Turn,
  TurnResponse,
} from '@wa-agent/core'
import { catalogueSessionSchema } from './catalogue.ts'
import { isLeftOpen } from './misses.ts'
import { offTopicIntent } from './off-topic.ts'
import { questionText } from './order-questions.ts'
import { isBusy, type OrderSession, orderSessionSchema } from './order-session.ts'
import { isQuestion } from './questions.ts'
import { readAddress } from './read-address.ts'
import { readOrderText } from './read-order-text.ts'
import { goodsWordsOf } from './split-address.ts'
import { mentionsIn } from './understand-items.ts'
import { productWords } from './vocabulary.ts'
import { wordsOf } from './words.ts'
import { answerOf } from './yes-no.ts'

/** Agents after whose answer an open order is called to mind. */
const interrupters: ReadonlySet<string> = new Set(['faq', 'small-talk', 'order-status', 'menu', 'catalogue'])

/**
 * What lies between the agents, which none of them can do alone since each sees only its own state:
 * - what is like the examples of other people's business is no intent at all;
 * - what nobody understood goes to an order that still waits for an answer, also after its floor was given up;
 * - a message of which nothing was understood but the name of a product is about that product;
 * - a question in the middle of an order is answered by whom it is for;
 * - an answer with a thank you, or an address with a question about delivery, is still an answer;
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
    if (isWaiting && yesNoQuestions.has(order.asked) && answerOf(turn.text)) return waits
    if (isWaiting && classification.agent === 'faq' && namesAddress(order, turn.text)) return waits
    if (isWaiting && route.by === 'floor') return asksOthers(input, order) ?? route
    // "Ok" to "would you like to order them?" is no goodbye.
    if (order?.asked === 'interest' && turn.state.floor?.agent === 'orders' && answerOf(turn.text)) return waits
    if (route.agent === 'small-talk') {
      // "Ok thanks" and a thumb up are answers here, and elsewhere only a sign.
      if (isWaiting) return answers(order, turn) ? waits : route
      // Whoever writes three messages, the last of which is "thanks", wants what the first two say.
      return turn.messages.length > 1 ? (namesProduct(turn.text) ?? route) : route
    }
    if (route.by !== 'fallback' && route.agent !== 'catalogue') return route
    const isForOrder = classification.decidedBy !== 'rules' && classification.intent !== 'browse'
    if (isWaiting && isForOrder && expects(order, turn)) return waits
    if (classification.intent === 'availability') return ordersGoods(turn.text) ?? route
    return route.by === 'fallback' ? (namesProduct(turn.text) ?? route) : route
  },
  async respond(input, next) {
    const response = await next(input)
    const { turn, agent } = input
    const order = orderIn(turn.state)
    if (order && isBusy(order, turn.nowMs) && interrupters.has(agent.name)) return withReminder(response, input, order)
    return agent.name === 'catalogue' ? withInterest(response, turn.nowMs) : response
  },
}

const yesNoQuestions: ReadonlySet<OrderSession['asked']> = new Set(['confirm', 'correction', 'withdraw'])
const waits: Route = { agent: 'orders', by: 'floor', reason: 'an order waits for an answer' }

/** In an order, what is clearly a question need not be as clear about what it asks. */
const questionAt = 0.35
/** Nor need be what is no address where one was asked for. */
const noAddressAt = 0.55
/** Looking at everything leaves the question that is open further behind. */
const browseAt = 0.55

function asksOthers({ turn, classification }: RouteInput, order: OrderSession): Route | undefined {
  const { agent, intent, confidence } = classification
  if (agent === undefined || agent === 'orders' || confidence < questionAt) return undefined
  if (agent === 'catalogue' && (intent !== 'browse' || confidence < browseAt)) return undefined
  const isNoAddress = order.asked === 'address' && confidence >= noAddressAt && !/\d|,/.test(turn.text)
  if (!isNoAddress && !isQuestion(turn.text, wordsOf(turn.text))) return undefined
  return { agent, by: 'intent', reason: `a question, intent ${intent}` }
}

/** A question that was left open is answered only by what is clearly an answer. */
function expects(order: OrderSession, turn: Turn): boolean {
  return !isLeftOpen(order) || answers(order, turn) || mentionsIn(goodsWordsOf(turn.text)).length > 0
}

/** Whether a text says yes or no, names goods, or says where they go. */
function answers(order: OrderSession, { text, messages }: Turn): boolean {
  if (answerOf(text) !== undefined) return true
  const { mentions, address } = readOrderText(text)
  const namesGoods = mentions.some(({ product, key }) => product !== undefined || key !== undefined)
  if (address !== undefined || namesGoods) return true
  return order.asked === 'address' && readAddress(messages)?.isSure === true
}

/** "Could you deliver to 12 Hill Road, Leeds?" is an answer where an address is asked for, and a wish where it is not. */
function namesAddress(order: OrderSession, text: string): boolean {
  const { address, asks } = readOrderText(text)
  return address !== undefined && (asks !== 'to-know' || order.asked === 'address')
}

/** A longer text that names a product may be about anything, unless it also says where that is to go. */
const maxWords = 12

/** "4 large boxes" and no question: that is no wish to know whether there are any. */
function ordersGoods(text: string): Route | undefined {
  const route = namesProduct(text)
  return route?.agent === 'orders' && !isQuestion(text, wordsOf(text)) ? route : undefined
}

/** Nothing was recognised, but a product of ours is named: with a quantity it is an order, otherwise a look. */
function namesProduct(text: string): Route | undefined {
  const words = goodsWordsOf(text)
  if (words.length > maxWords && readOrderText(text).address === undefined) return undefined
  const named = mentionsIn(words).filter(({ product }) => product !== undefined)
  const isOrder = named.some(({ quantity }) => quantity !== undefined)
  // "2 a4" is about envelopes, while "clear" alone is not about tape.
  if (named.length === 0 || !(isOrder || words.some((word) => productWords.has(word)))) return undefined
  return { agent: isOrder ? 'orders' : 'catalogue', by: 'fallback', reason: 'a product is named' }
}

/** Looked at by every step of a turn, and changed by none of them. */
const ordersRead = new WeakMap<object, OrderSession>()

function orderIn(state: ConversationState): OrderSession | undefined {
  const stored = state.sessions['orders']
  if (typeof stored !== 'object' || stored === null) return undefined
  const read = ordersRead.get(stored)
  if (read) return read
  const parsed = orderSessionSchema.safeParse(stored)
  if (parsed.success) ordersRead.set(stored, parsed.data)
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

function withReminder(response: TurnResponse, input: RespondInput, order: OrderSession): TurnResponse {
  const { turn, agent, classification } = input
  const floor = turn.state.floor
  const state =
    floor?.agent === 'orders' ? { ...response.state, floor: { ...floor, keptAtMs: turn.nowMs } } : response.state
  if (agent.name === 'menu' || classification.intent === 'goodbye') return { ...response, state }
  // Who says hello in the middle of an order needs no menu; a list of products is an answer.
  const replies = response.replies.filter((reply) => reply.type !== 'list' || agent.name === 'catalogue')
  const hello = replies.length === 0 ? 'Hello! ' : ''
  const reminder: OutboundMessage = { type: 'text', text: `${hello}Back to your order: ${questionText(order)}` }
  return { ...response, state, replies: [...replies, reminder] }
}
