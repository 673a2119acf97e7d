import { describe, expect, test } from 'vitest'
import { type BeginOptions, beginTurn } from './begin-turn.ts'
import type { ConversationState } from './conversation.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from './message.ts'
import type { TurnInput } from './turn.ts'

const base = { chat: 'c1', from: { id: 'c1' }, sentAtMs: 1 }
const inbound = (input: InboundMessageInput): InboundMessage => parseInboundMessage(input)
const text = (words: string, id = 'm1') => inbound({ ...base, id, type: 'text', text: words })

function begin(input: TurnInput, options: Partial<BeginOptions> = {}) {
  const warnings: string[] = []
  const turn = beginTurn(input, {
    nowMs: 100,
    isCurrent: () => true,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  })
  return { turn, warnings }
}

test('a turn is completed from its messages', () => {
  const { turn } = begin({ messages: [text('hi'), text('', 'm2'), text('where is it?', 'm3')] })
  expect(turn).toMatchObject({
    id: 'm3',
    conversation: { tenant: 'default', channel: 'default', chat: 'c1' },
    text: 'hi\nwhere is it?',
    state: { sessions: {} },
    history: [],
    usage: { tokens: 0, costUsd: 0 },
    nowMs: 100,
  })
  expect(begin({ messages: [text('hi')], turnId: 't1', tenant: 'a', channel: 'b', chat: 'c' }).turn).toMatchObject({
    id: 't1',
    conversation: { tenant: 'a', channel: 'b', chat: 'c' },
    text: 'hi',
  })
})

test('a turn without messages is refused', () => {
  expect(() => begin({ messages: [] })).toThrow(expect.objectContaining({ code: 'invalid_message' }))
})

test('a broken state is reset with a warning', () => {
  const { turn, warnings } = begin({ messages: [text('hi')], state: { sessions: 5 } as never })
  expect(turn.state).toEqual({ sessions: {} })
  expect(warnings).toHaveLength(1)
})

describe('what is over is forgotten', () => {
  test('a floor that does not count any more', () => {
    const state: ConversationState = { sessions: { a: 1 }, floor: { agent: 'a', keptAtMs: 1, interruptAt: 1 } }
    expect(begin({ messages: [text('hi')], state }).turn.state).toEqual(state)
    expect(begin({ messages: [text('hi')], state }, { isCurrent: () => false }).turn.state).toEqual({
      sessions: { a: 1 },
    })
  })

  test('a handoff whose time has passed', () => {
    const handoff = { by: 'owner', reason: 'x', sinceMs: 1, untilMs: 100 } as const
    expect(begin({ messages: [text('hi')], handoff }).turn.handoff).toBeUndefined()
    expect(begin({ messages: [text('hi')], handoff }, { nowMs: 99 }).turn.handoff).toBe(handoff)
  })
})

describe('offered choices', () => {
  const choices = {
    agent: 'a',
    options: [
      { id: 'size:s', title: 'Small' },
      { id: 'size:l', title: 'Large' },
    ],
  }
  const state: ConversationState = { sessions: {}, choices }

  test('mean nothing any more after a day', () => {
    const offered = { sessions: {}, choices: { ...choices, offeredAtMs: 0 } }
    const nowMs = 24 * 3_600_000
    const onTime = begin({ messages: [text('2')], state: offered }, { nowMs })
    expect(onTime.turn.messages[0]?.type).toBe('selection')
    const { turn } = begin({ messages: [text('2')], state: offered }, { nowMs: nowMs + 1 })
    expect([turn.messages[0]?.type, turn.state]).toEqual(['text', { sessions: {} }])
  })

  test('are chosen by number, as if the button had been pressed', () => {
    const { turn } = begin({ messages: [text('hi'), text('2', 'm2')], state })
    expect(turn.messages[1]).toEqual({
      ...base,
      from: { id: 'c1', aliases: [] },
      id: 'm2',
      fromMe: false,
      isGroup: false,
      type: 'selection',
      selection: { id: 'size:l', title: 'Large' },
      source: 'list',
    })
    expect(turn.text).toBe('hi\nLarge')
    expect(turn.state).toEqual({ sessions: {} })
  })

  test('are void once one was chosen by button', () => {
    const chosen = inbound({ ...base, id: 'm1', type: 'selection', selection: { id: 'size:s', title: 'Small' } })
    expect(begin({ messages: [chosen], state }).turn).toMatchObject({ messages: [chosen], state: { sessions: {} } })
  })

  test('stay where something else was said', () => {
    const messages = [text('I want 2 boxes')]
    expect(begin({ messages, state }).turn).toMatchObject({ messages, state })
    const image = [inbound({ ...base, id: 'm1', type: 'image', media: { reference: 'r' }, caption: '2' })]
    expect(begin({ messages: image, state }).turn).toMatchObject({ messages: image, state })
  })
})
