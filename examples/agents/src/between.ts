import type { ConversationState, Middleware, OutboundMessage, RespondInput, TurnResponse } from '@wa-agent/core'
import { catalogueSessionSchema } from './catalogue.ts'
import { questionText } from './order-questions.ts'
import { isBusy, type OrderSession, orderSessionSchema } from './order-session.ts'

/** Agents after whose answer an open order is called to mind. */
const interrupters: ReadonlySet<string> = new Set(['faq', 'small-talk', 'order-status', 'menu'])

/**
 * What lies between the agents, which none of them can do alone since each sees only its own state:
 * - what nobody understood goes to an order that still waits for an answer, also after its floor was given up;
 * - questions about products in the middle of an order are the order's, which knows what "the large one" is;
 * - who looked at boxes and says "10 large" means boxes: the catalogue opens the order;
 * - whoever answers in the middle of an order, the order goes on afterwards.
 */
export const betweenAgents: Middleware = {
  name: 'between-agents',
  async route(input, next) {
    const route = await next(input)
    const { turn, classification } = input
    if (route.by !== 'fallback' && route.agent !== 'catalogue') return route
    const order = orderIn(turn.state)
    if (order && isBusy(order, turn.nowMs) && classification.decidedBy !== 'rules') {
      return { agent: 'orders', by: 'floor', reason: 'an order waits for an answer' }
    }
    return route
  },
  async respond(input, next) {
    const response = await next(input)
    if (input.agent.name === 'catalogue') return withInterest(response, input.turn.nowMs)
    return interrupters.has(input.agent.name) ? withReminder(response, input) : response
  },
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

function withReminder(response: TurnResponse, { turn, agent }: RespondInput): TurnResponse {
  const order = orderIn(turn.state)
  if (!order || !isBusy(order, turn.nowMs)) return response
  const floor = turn.state.floor
  const state =
    floor?.agent === 'orders' ? { ...response.state, floor: { ...floor, keptAtMs: turn.nowMs } } : response.state
  const reminder: OutboundMessage = { type: 'text', text: `Back to your order: ${questionText(order)}` }
  const isQuiet = agent.name === 'menu'
  return { ...response, state, replies: isQuiet ? response.replies : [...response.replies, reminder] }
}
