import { describe, expect, test } from 'vitest'
import { type Agent, defineAgent } from './agent.ts'
import type { ConversationState, Handoff } from './conversation.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from './message.ts'
import { createRouter } from './route.ts'
import type { Classification } from './turn.ts'

const base = { id: 'm1', chat: 'c1', from: { id: 'c1' }, sentAtMs: 1 }
const inbound = (input: InboundMessageInput): InboundMessage => parseInboundMessage(input)
const text = inbound({ ...base, type: 'text', text: 'hi' })
const reaction = (emoji: string) => inbound({ ...base, type: 'reaction', emoji, to: 'm0' })
const agentOf = (name: string): Agent => defineAgent({ name, description: 'x', respond: () => undefined })
const fallback = agentOf('fallback')
const agents = new Map([agentOf('orders'), agentOf('faq'), fallback].map((agent) => [agent.name, agent]))
const router = createRouter({ agents, fallback })
const handoff: Handoff = { by: 'person', reason: 'x', sinceMs: 1 }
const floor = { agent: 'orders', keptAtMs: 1, interruptAt: 0.8 }

const nothing: Classification = { confidence: 0.2, decidedBy: 'none', entities: {}, reason: 'x' }
const intentOf = (
  agent: string,
  confidence = 0.9,
  decidedBy: Classification['decidedBy'] = 'examples',
): Classification => ({
  agent,
  intent: 'ask',
  confidence,
  decidedBy,
  entities: {},
  reason: 'x',
})

function route(
  classification: Classification,
  {
    state = { sessions: {} },
    messages = [text],
    handoff,
  }: { state?: ConversationState; messages?: readonly InboundMessage[]; handoff?: Handoff } = {},
) {
  const conversation = { tenant: 't', channel: 'c', chat: 'c1' }
  const usage = { tokens: 0, costUsd: 0 }
  const turn = { id: 'm1', conversation, messages, text: 'hi', state, handoff, history: [], usage, nowMs: 5 }
  const { agent, by } = router({ turn, classification })
  return [agent, by]
}

describe('who answers', () => {
  test('is the agent whose intent it is', () => {
    expect(route(intentOf('faq'))).toEqual(['faq', 'intent'])
  })

  test('is the fallback where no intent was recognised, or one of an agent that is not there', () => {
    expect(route(nothing)).toEqual(['fallback', 'fallback'])
    expect(route(intentOf('gone'))).toEqual(['fallback', 'fallback'])
    expect(route(intentOf('constructor'))).toEqual(['fallback', 'fallback'])
  })

  test('is nobody under handoff, unless a rule takes the conversation back', () => {
    expect(route(nothing, { handoff })).toEqual([undefined, 'handoff'])
    expect(route(nothing, { handoff, state: { sessions: {}, floor } })).toEqual([undefined, 'handoff'])
    expect(route(intentOf('faq', 1, 'rules'), { handoff })).toEqual(['faq', 'intent'])
  })
})

describe('the floor', () => {
  const state = { sessions: {}, floor }

  test('brings the message back to its agent', () => {
    expect(route(nothing, { state })).toEqual(['orders', 'floor'])
    expect(route(intentOf('orders'), { state })).toEqual(['orders', 'floor'])
    expect(route(intentOf('faq', 0.79), { state })).toEqual(['orders', 'floor'])
  })

  test('is interrupted by a clearly different intent, and by any rule', () => {
    expect(route(intentOf('faq', 0.8), { state })).toEqual(['faq', 'intent'])
    const only = { sessions: {}, floor: { ...floor, interruptAt: 2 } }
    expect(route(intentOf('faq', 1), { state: only })).toEqual(['orders', 'floor'])
    expect(route(intentOf('faq', 1, 'rules'), { state: only })).toEqual(['faq', 'intent'])
    expect(route(intentOf('faq', 0), { state: { sessions: {}, floor: { ...floor, interruptAt: 0 } } })).toEqual([
      'faq',
      'intent',
    ])
  })

  test('of an agent that is not there counts for nothing', () => {
    expect(route(nothing, { state: { sessions: {}, floor: { ...floor, agent: 'gone' } } })).toEqual([
      'fallback',
      'fallback',
    ])
  })
})

describe('a reaction', () => {
  test('needs no answer', () => {
    expect(route(nothing, { messages: [reaction('👍'), reaction('❤️')] })).toEqual([undefined, 'ignored'])
    expect(route(nothing, { messages: [reaction('👍'), text] })).toEqual(['fallback', 'fallback'])
  })

  test('is an answer in a dialogue and where an agent asks for it, taken back it is none', () => {
    const state = { sessions: {}, floor }
    expect(route(nothing, { state, messages: [reaction('👍')] })).toEqual(['orders', 'floor'])
    expect(route(nothing, { state, messages: [reaction('')] })).toEqual([undefined, 'ignored'])
    expect(route(intentOf('faq', 1, 'rules'), { messages: [reaction('')] })).toEqual(['faq', 'intent'])
  })
})
