import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Agent, type AgentDefinition, defineAgent, type Intents } from './agent.ts'
import type { Clock } from './clock.ts'
import type { ConversationState } from './conversation.ts'
import { WaAgentError } from './errors.ts'
import { type Logger, silentLogger } from './logger.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from './message.ts'
import type { Middleware } from './middleware.ts'
import type { Model, ModelRequest } from './model.ts'
import { createPipeline, type PipelineOptions } from './pipeline.ts'
import type { RunOptions, TurnInput, TurnResult } from './turn.ts'

const base = { id: 'm1', chat: 'c1', from: { id: 'c1', name: 'Ana' }, sentAtMs: 1 }
const inbound = (input: InboundMessageInput): InboundMessage => parseInboundMessage(input)
const text = (words: string) => inbound({ ...base, type: 'text', text: words })
const usage = { inputTokens: 10, outputTokens: 5, costUsd: 0.01 }

type Definition = Partial<AgentDefinition<Intents, z.ZodType>>
const agentOf = (definition: Definition = {}): Agent =>
  defineAgent({
    name: 'shop',
    description: 'x',
    intents: { hello: { rules: ['hello'] } },
    respond: ({ reply }) => reply.text('Hi!'),
    ...definition,
  })

/** A clock that only a test moves. */
function testClock(startMs = 1000) {
  let nowMs = startMs
  const waiting = new Set<() => void>()
  const clock: Clock = {
    now: () => nowMs,
    after(_, callback) {
      waiting.add(callback)
      return () => waiting.delete(callback)
    },
  }
  return {
    clock,
    waiting,
    at: (ms: number) => {
      nowMs = ms
    },
    expire: () => {
      for (const callback of waiting) callback()
    },
  }
}

interface Setting extends Omit<PipelineOptions, 'agents'> {
  readonly agents?: readonly Agent[]
}

function run(
  words: string | TurnInput,
  { agents = [agentOf()], ...options }: Setting = {},
  runOptions?: RunOptions,
): Promise<TurnResult> {
  const input = typeof words === 'string' ? { messages: [text(words)] } : words
  return createPipeline({ clock: testClock().clock, elapsedMs: () => 0, agents, ...options }).run(input, runOptions)
}

const said = ({ replies }: TurnResult) => replies.map((reply) => (reply.type === 'text' ? reply.text : reply.type))

describe('a turn', () => {
  test('is classified, routed and answered, and its trace says so', async () => {
    const result = await run('Hello!')
    expect(result).toEqual({
      replies: [{ type: 'text', text: 'Hi!' }],
      state: { sessions: {} },
      trace: {
        classification: {
          agent: 'shop',
          intent: 'hello',
          confidence: 1,
          decidedBy: 'rules',
          entities: {},
          reason: 'keyword',
        },
        route: { agent: 'shop', by: 'intent', reason: 'intent hello' },
        durationMs: { classify: 0, route: 0, respond: 0, total: 0 },
        modelCalls: [],
        warnings: [],
      },
    })
  })

  test('of no intent is answered by the fallback, which asks to say it another way', async () => {
    const { trace, ...result } = await run('xyz')
    expect(said({ ...result, trace })[0]).toContain('another way')
    expect(trace.route).toMatchObject({ agent: 'fallback', by: 'fallback' })
    const fallback = agentOf({ name: 'mine', respond: ({ reply }) => reply.text('What?') })
    expect(said(await run('xyz', { fallback }))).toEqual(['What?'])
  })

  test('without messages is refused', async () => {
    await expect(run({ messages: [] })).rejects.toMatchObject({ code: 'invalid_message', retryable: false })
  })

  test('gives its agent all that is known', async () => {
    let seen: unknown
    const history = [{ by: 'customer', text: 'before', atMs: 1 }] as const
    const agent = agentOf({
      respond({ message, messages, text, contact, conversation, turnId, nowMs, history, llm, intent }) {
        seen = {
          message: message.id,
          count: messages.length,
          text,
          contact,
          conversation,
          turnId,
          nowMs,
          history,
          llm,
          intent,
        }
      },
    })
    await run(
      {
        messages: [inbound({ ...base, id: 'm0', type: 'text', text: 'um' }), text('hello')],
        tenant: 't',
        channel: 'c',
        turnId: 't1',
        history,
      },
      { agents: [agent] },
    )
    expect(seen).toEqual({
      message: 'm1',
      count: 2,
      text: 'um\nhello',
      contact: { id: 'c1', name: 'Ana', aliases: [] },
      conversation: { tenant: 't', channel: 'c', chat: 'c1' },
      turnId: 't1',
      nowMs: 1000,
      history,
      llm: undefined,
      intent: { name: 'hello', confidence: 1, decidedBy: 'rules', entities: {} },
    })
  })

  test('tells an agent of no intent that is another one’s', async () => {
    let seen: unknown = 'nothing'
    const state: ConversationState = { sessions: {}, floor: { agent: 'other', keptAtMs: 1000, interruptAt: 2 } }
    const other = agentOf({
      name: 'other',
      intents: {},
      respond({ intent }) {
        seen = intent
      },
    })
    await run({ messages: [text('xyz')], state }, { agents: [agentOf(), other] })
    expect(seen).toBeUndefined()
  })

  test('survives hostile texts in bounded time', async () => {
    const pipeline = createPipeline({
      agents: [
        agentOf({
          intents: { a: { rules: ['hi', /order (?<n>\d+)/], examples: ['where is it', 'is it there', 'where'] } },
        }),
      ],
    })
    const choices = { agent: 'shop', options: [{ id: 'a', title: 'A' }] }
    for (const part of ['x', '!', 'é', '\ud83d', '\u200b', '\u202e', '👨‍👩‍👧', ' ', '\n', 'order ', '٣']) {
      const words = part.repeat(1_000_000 / part.length)
      const beganMs = performance.now()
      const { trace } = await pipeline.run({ messages: [text(words), text(words)], state: { sessions: {}, choices } })
      expect(trace.route.agent, JSON.stringify(part)).toBeDefined()
      expect(performance.now() - beganMs, JSON.stringify(part)).toBeLessThan(1000)
    }
  })
})

describe('a session', () => {
  const session = z.object({
    cart: z.array(z.string()).default([]),
    draft: z.object({ items: z.array(z.string()) }).default({ items: [] }),
  })
  type Session = z.output<typeof session>
  const adding = agentOf({
    session,
    respond({ session, text }) {
      const own = session as Session
      own.cart.push(text)
      own.draft.items.push(text)
    },
  })

  test('is kept from turn to turn', async () => {
    const first = await run('one', { agents: [adding], fallback: adding })
    const second = await run({ messages: [text('two')], state: first.state }, { agents: [adding], fallback: adding })
    expect(second.state.sessions['shop']).toEqual({ cart: ['one', 'two'], draft: { items: ['one', 'two'] } })
  })

  test('of one conversation never shows in another one', async () => {
    const pipeline = createPipeline({ agents: [adding], fallback: adding })
    await pipeline.run({ messages: [text('secret')] })
    const { state } = await pipeline.run({ messages: [text('other')] })
    expect(JSON.stringify(state)).not.toContain('secret')
  })

  test('is not changed in the state that came in: the turn may run again', async () => {
    const state = { sessions: { shop: { cart: ['one'], draft: { items: [] }, extra: [1] } } }
    const before = structuredClone(state)
    await run({ messages: [text('two')], state }, { agents: [adding], fallback: adding })
    const any = agentOf({
      session: z.any(),
      respond: ({ session }) => void (session as { cart: string[] }).cart.push('x'),
    })
    await run({ messages: [text('hello')], state }, { agents: [any] })
    expect(state).toEqual(before)
  })

  test('that does not fit its schema is reset with a warning', async () => {
    const state = { sessions: { shop: { cart: 5 }, other: 1 } }
    const { state: after, trace } = await run(
      { messages: [text('one')], state },
      { agents: [adding], fallback: adding },
    )
    expect(after.sessions).toEqual({ shop: { cart: ['one'], draft: { items: ['one'] } }, other: 1 })
    expect(trace.warnings).toEqual(['the stored session of agent shop does not fit its schema and was reset'])
  })

  test('that was never used takes no room', async () => {
    expect((await run('hello')).state).toEqual({ sessions: {} })
  })
})

describe('the floor', () => {
  const keeping = agentOf({
    name: 'orders',
    intents: { order: { rules: ['order'] } },
    respond({ floor, reply, text }) {
      reply.text(`${floor.held}`)
      if (text === 'stop it') floor.give()
      else floor.keep(text === 'never' ? { interruptAt: Number.POSITIVE_INFINITY } : {})
    },
  })
  const agents = [agentOf(), keeping]

  test('is kept, brings the next message back, and is given up', async () => {
    const first = await run('order', { agents })
    expect(first.state.floor).toEqual({ agent: 'orders', keptAtMs: 1000, interruptAt: 0.8 })
    const second = await run({ messages: [text('two')], state: first.state }, { agents })
    expect([said(second), second.trace.route.by]).toEqual([['true'], 'floor'])
    const third = await run({ messages: [text('stop it')], state: second.state }, { agents })
    expect(third.state).not.toHaveProperty('floor')
  })

  test('stays with its agent while another one answers in between', async () => {
    const { state } = await run('order', { agents })
    const between = await run({ messages: [text('hello')], state }, { agents })
    expect([said(between), between.state.floor]).toEqual([['Hi!'], state.floor])
  })

  test('that nobody used for long is forgotten', async () => {
    const { state } = await run('order', { agents })
    const time = testClock(1000 + 30 * 60_000)
    const setting = { agents, clock: time.clock }
    expect((await run({ messages: [text('two')], state }, setting)).trace.route.by).toBe('floor')
    time.at(1001 + 30 * 60_000)
    const late = await run({ messages: [text('two')], state }, setting)
    expect([late.trace.route.by, late.state]).toEqual(['fallback', { sessions: {} }])
    expect(said(await run({ messages: [text('order')], state }, setting))).toEqual(['false'])
  })

  test('survives JSON whatever it was kept with', async () => {
    const { state } = await run({ messages: [text('order'), text('never')] }, { agents: [keeping], fallback: keeping })
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })
})

describe('a handoff', () => {
  const handoff = { by: 'person', reason: 'x', sinceMs: 1 } as const
  const back = agentOf({ name: 'back', intents: { back: { rules: ['bot'], endsHandoff: true } } })

  test('keeps the bot silent, until a rule takes the conversation back', async () => {
    const silent = await run({ messages: [text('hello')], handoff }, { agents: [agentOf(), back] })
    expect([silent.replies, silent.trace.route.by, silent.handoff]).toEqual([[], 'handoff', undefined])
    const released = await run({ messages: [text('bot')], handoff }, { agents: [agentOf(), back] })
    expect([said(released), released.handoff]).toEqual([['Hi!'], null])
  })

  test('is over with its time', async () => {
    const { replies } = await run({ messages: [text('hello')], handoff: { ...handoff, untilMs: 1000 } })
    expect(replies).toHaveLength(1)
  })

  test('is asked for by an agent, with its last words', async () => {
    const agent = agentOf({
      respond({ handoff, reply, text }) {
        reply.text('A colleague will answer.')
        handoff('asked for a person', text === 'hello' ? { forMs: 500 } : {})
      },
    })
    const result = await run('hello', { agents: [agent] })
    expect(said(result)).toEqual(['A colleague will answer.'])
    expect(result.handoff).toEqual({ by: 'agent', reason: 'asked for a person', sinceMs: 1000, untilMs: 1500 })
    const open = await run('xyz', { agents: [agent], fallback: agent })
    expect(open.handoff).not.toHaveProperty('untilMs')
  })
})

describe('an agent that fails', () => {
  test('fails the turn with an error that may be tried again and shows nothing of its words', async () => {
    const cause = new TypeError('Ana wants boxes')
    const failing = [
      agentOf({ respond: () => Promise.reject(cause) }),
      agentOf({
        respond: () => {
          throw cause
        },
      }),
    ]
    for (const agent of failing) {
      const error = await run('hello', { agents: [agent] }).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(WaAgentError)
      expect(error).toMatchObject({ code: 'turn_failed', retryable: true, cause })
      expect((error as Error).message).not.toContain('Ana')
    }
  })

  test('with an error of the family keeps it', async () => {
    const error = new WaAgentError('model_failed', 'x')
    await expect(run('hello', { agents: [agentOf({ respond: () => Promise.reject(error) })] })).rejects.toBe(error)
    const wrong = agentOf({ respond: ({ reply }) => reply.buttons('x', []) })
    await expect(run('hello', { agents: [wrong] })).rejects.toMatchObject({ code: 'invalid_output', retryable: false })
  })

  test('to answer in time is stopped, and what it says later is dropped and logged', async () => {
    const lines: string[] = []
    const logger: Logger = { ...silentLogger, warn: (_, line) => lines.push(line) }
    const time = testClock()
    let speak: () => void = () => undefined
    let signal: AbortSignal | undefined
    const slow = agentOf({
      async respond(context) {
        signal = context.signal
        await new Promise<void>((resolve) => {
          speak = resolve
        })
        context.reply.text('Too late.')
      },
    })
    const turn = run('hello', { agents: [slow], clock: time.clock, logger })
    while (time.waiting.size === 0) await Promise.resolve()
    time.expire()
    await expect(turn).rejects.toMatchObject({ code: 'turn_timeout', retryable: true })
    expect(signal?.reason).toMatchObject({ code: 'turn_timeout' })
    speak()
    await new Promise(setImmediate)
    expect(lines).toEqual([expect.stringContaining('after its turn')])
    expect(time.waiting.size).toBe(0)
  })
})

describe('a turn that is stopped', () => {
  test('rejects with the reason, and the agent is told', async () => {
    const controller = new AbortController()
    let seen: AbortSignal | undefined
    const agent = agentOf({
      respond({ signal }) {
        seen = signal
        return new Promise(() => undefined)
      },
    })
    const turn = run('hello', { agents: [agent] }, { signal: controller.signal })
    while (!seen) await Promise.resolve()
    const reason = new Error('lease lost')
    controller.abort(reason)
    await expect(turn).rejects.toBe(reason)
    expect(seen.reason).toBe(reason)
  })

  test('before it began runs nothing', async () => {
    let ran = false
    const agent = agentOf({
      respond() {
        ran = true
      },
    })
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(run('hello', { agents: [agent] }, { signal })).rejects.toThrow('stop')
    expect(ran).toBe(false)
  })
})

describe('middleware', () => {
  test('goes around each step, the first one outermost, plugins innermost', async () => {
    const notes: string[] = []
    const noting = (name: string): Middleware => ({
      name,
      classify: (turn, next) => {
        notes.push(`${name} classify`)
        return next(turn)
      },
      respond: (input, next) => {
        notes.push(`${name} respond`)
        return next(input)
      },
    })
    await run('hello', { middleware: [noting('a')], plugins: [{ name: 'p', middleware: [noting('b')] }] })
    expect(notes).toEqual(['a classify', 'b classify', 'a respond', 'b respond'])
  })

  test('may decide itself, and is not asked to respond where nobody answers', async () => {
    let responded = 0
    const silent = await run('hello', {
      middleware: [
        {
          name: 'quiet',
          route: async () => ({ by: 'ignored', reason: 'quiet hours' }),
          respond: (input, next) => {
            responded += 1
            return next(input)
          },
        },
      ],
    })
    expect([silent.replies, responded]).toEqual([[], 0])
  })

  test('that leads to an unknown agent or throws fails the turn', async () => {
    const route = (agent: string) => [{ name: 'x', route: async () => ({ agent, by: 'intent' as const, reason: 'x' }) }]
    for (const name of ['gone', 'constructor', '__proto__']) {
      await expect(run('hello', { middleware: route(name) })).rejects.toMatchObject({
        code: 'turn_failed',
        retryable: false,
      })
    }
    const named = { confidence: 1, agent: 'gone', intent: 'x', decidedBy: 'rules', entities: {}, reason: 'x' } as const
    const misled = { name: 'x', classify: async () => named }
    await expect(run('hello', { middleware: [misled] })).rejects.toThrow('A classification names agent "gone"')
    const throwing = { name: 'x', classify: () => Promise.reject(new Error('boom')) }
    await expect(run('hello', { middleware: [throwing] })).rejects.toMatchObject({
      code: 'turn_failed',
      retryable: true,
    })
  })
})

describe('plugins', () => {
  test('bring agents, and are set up before the first turn', async () => {
    const notes: string[] = []
    const pipeline = createPipeline({
      plugins: [
        {
          name: 'p',
          agents: [agentOf({ respond: () => void notes.push('answer') })],
          setup: () => {
            notes.push('set up')
            return () => void notes.push('clean up')
          },
        },
      ],
    })
    await pipeline.run({ messages: [text('hello')] })
    await pipeline.stop?.()
    expect(notes).toEqual(['set up', 'answer', 'clean up'])
  })

  test('that cannot be set up fail the turn, which may be tried again', async () => {
    const plugins = [{ name: 'p', setup: () => Promise.reject(new Error('boom')) }]
    await expect(run('hello', { plugins })).rejects.toMatchObject({ code: 'turn_failed', retryable: true })
  })
})

describe('a pipeline is refused', () => {
  test('without agents, with two of one name, and with an option that does not exist or is something else', () => {
    expect(() => createPipeline({})).toThrow(expect.objectContaining({ code: 'invalid_options' }))
    const misspelt = { agents: [agentOf()], respondTimeoutMS: 5 }
    expect(() => createPipeline(misspelt)).toThrow('The nearest one is `respondTimeoutMs`')
    const of = (wrong: object) => () => createPipeline({ agents: [agentOf()], ...wrong })
    for (const [wrong, message] of [
      [
        { examples: { passes: 0 } },
        'Expected `passes` of the examples classifier to be a number from 1 to 1000, got 0.',
      ],
      [{ examples: { validation: {} } }, 'Expected `validation` of the examples classifier to have `examples` and'],
      [{ examples: null }, '[createPipeline] Expected `examples` to be an object, got null.'],
      [{ floor: 5 }, '[createPipeline] Expected `floor` to be an object, got 5.'],
      [{ middleware: [undefined] }, '[createPipeline] Expected `middleware` to be a list without gaps, got a list.'],
      [{ plugins: {} }, '[createPipeline] Expected `plugins` to be a list without gaps, got an object.'],
      [{ model: 'gpt' }, '[createPipeline] Expected `model` to be an object, got a text.'],
    ] as const) {
      expect(of(wrong)).toThrow(expect.objectContaining({ code: 'invalid_options' }))
      expect(of(wrong)).toThrow(message)
    }
    expect(() => createPipeline({ agents: [agentOf(), agentOf()] })).toThrow(/"shop" twice/)
    expect(() => createPipeline({ agents: [agentOf({ name: 'fallback' })] })).toThrow(/"fallback" twice/)
  })
})

describe('a model', () => {
  /** Answers with `text` and `output`, and keeps what it was asked. */
  function scripted(answer: { text?: string; output?: unknown }) {
    const requests: ModelRequest[] = []
    const model: Model = {
      name: 'scripted',
      async generate(request, { onUsage, signal }) {
        signal.throwIfAborted()
        requests.push(request)
        onUsage?.(usage)
        return { text: answer.text ?? '', output: answer.output as never, usage, toolCalls: [] }
      },
    }
    return { model, requests }
  }
  const asking = agentOf({
    async respond({ llm, reply }) {
      reply.text((await llm?.text({ instructions: 'Be kind.' })) ?? 'no model')
    },
  })
  const buying = { intent: 'shop.hello', confidence: 0.9, entities: {} }

  test('answers through the agent; its cost is told and traced', async () => {
    const { model, requests } = scripted({ text: 'Hello, Ana.' })
    const costs: unknown[] = []
    const history = [{ by: 'bot', text: 'Welcome', atMs: 1 }] as const
    const result = await run(
      { messages: [text('hello')], history },
      { agents: [asking], model },
      { onUsage: (cost) => costs.push(cost) },
    )
    expect(said(result)).toEqual(['Hello, Ana.'])
    expect(costs).toEqual([usage])
    expect(result.trace.modelCalls).toEqual([{ model: 'scripted', purpose: 'respond', usage, durationMs: 0 }])
    expect(requests[0]?.messages).toEqual([
      { role: 'assistant', text: 'Welcome' },
      { role: 'user', text: 'hello' },
    ])
  })

  test('is told of a picture without words, and only the beginning of a huge text', async () => {
    const { model, requests } = scripted({ text: 'x' })
    const fallback = asking
    const picture = inbound({ ...base, type: 'image', media: { reference: 'r' } })
    await run({ messages: [picture] }, { agents: [asking], fallback, model })
    await run(`${'😀'.repeat(500_000)}`, { agents: [agentOf({ name: 'empty', intents: {} }), asking], fallback, model })
    const shown = requests
      .filter((request) => request.purpose === 'respond')
      .map((request) => request.messages.at(-1)?.text ?? '')
    expect(shown[0]).toBe('[image]')
    expect(shown[1]?.length).toBeLessThan(20_000)
    expect(shown[1]?.isWellFormed()).toBe(true)
  })

  test('classifies what is left open, but not in the middle of a dialogue', async () => {
    const { model, requests } = scripted({ output: buying })
    const open = await run('xyz', { model })
    expect(open.trace.classification).toMatchObject({ intent: 'hello', decidedBy: 'model' })
    const state: ConversationState = { sessions: {}, floor: { agent: 'shop', keptAtMs: 1000, interruptAt: 0.8 } }
    expect((await run({ messages: [text('xyz')], state }, { model })).trace.route.by).toBe('floor')
    expect(requests).toHaveLength(1)
    const stale: ConversationState = { sessions: {}, floor: { agent: 'gone', keptAtMs: 1000, interruptAt: 0.8 } }
    await run({ messages: [text('xyz')], state: stale }, { model })
    expect(requests).toHaveLength(2)
  })

  test('that fails to classify leaves a warning, and the fallback answers', async () => {
    const model: Model = { name: 'scripted', generate: () => Promise.reject(new Error('Ana')) }
    const { trace } = await run('xyz', { model })
    expect(trace.route.by).toBe('fallback')
    expect(trace.warnings).toEqual(['the model could not classify: Error'])
  })

  test('is not used once the budget of the day is spent', async () => {
    const { model, requests } = scripted({ text: 'x', output: buying })
    const setting = { agents: [asking], model, budget: { tokensPerDay: 100, costUsdPerDay: 1 } }
    for (const spent of [
      { tokens: 100, costUsd: 0 },
      { tokens: 0, costUsd: 1 },
    ]) {
      expect(said(await run({ messages: [text('hello')], usage: spent }, setting))).toEqual(['no model'])
      await run({ messages: [text('xyz')], usage: spent }, setting)
    }
    expect(requests).toHaveLength(0)
    expect(said(await run({ messages: [text('hello')], usage: { tokens: 99, costUsd: 0.99 } }, setting))).toEqual(['x'])
  })

  test('wants to see the past, without one nobody does', () => {
    const agents = [agentOf()]
    expect(createPipeline({ agents }).historyLimit).toBe(0)
    expect(createPipeline({ agents, model: scripted({}).model }).historyLimit).toBe(20)
    expect(createPipeline({ agents, historyLimit: 3 }).historyLimit).toBe(3)
  })
})

describe('a file', () => {
  const picture = inbound({ ...base, type: 'image', media: { reference: 'r', sizeBytes: 8 } })
  const opening = (maxBytes?: number) =>
    agentOf({
      async respond({ message, openMedia, reply }) {
        if (message.type !== 'image') return
        const bytes = await openMedia(message.media, maxBytes === undefined ? {} : { maxBytes })
        reply.text(`${bytes.byteLength}`)
      },
    })
  const open = async () => ReadableStream.from([new Uint8Array(8)])

  test('is opened only when an agent asks for it', async () => {
    const agent = opening()
    expect(said(await run({ messages: [picture] }, { agents: [agent], fallback: agent }, { openMedia: open }))).toEqual(
      ['8'],
    )
  })

  test('that is too large, or cannot be opened, is an error of its own', async () => {
    const small = opening(7)
    await expect(
      run({ messages: [picture] }, { agents: [small], fallback: small }, { openMedia: open }),
    ).rejects.toMatchObject({ code: 'media_too_large' })
    const agent = opening()
    await expect(run({ messages: [picture] }, { agents: [agent], fallback: agent })).rejects.toMatchObject({
      code: 'media_unavailable',
    })
  })

  test('that stalls is let go with the turn', async () => {
    const controller = new AbortController()
    let cancelled = false
    let opened = false
    const stalled = async () => {
      opened = true
      return new ReadableStream<Uint8Array>({
        cancel() {
          cancelled = true
        },
      })
    }
    const agent = opening()
    const turn = run(
      { messages: [picture] },
      { agents: [agent], fallback: agent },
      { openMedia: stalled, signal: controller.signal },
    )
    while (!opened) await Promise.resolve()
    await new Promise(setImmediate)
    controller.abort(new Error('stop'))
    await expect(turn).rejects.toThrow('stop')
    await new Promise(setImmediate)
    expect(cancelled).toBe(true)
  })
})

test.each([
  [{ respondTimeoutMs: 0 }, /respondTimeoutMs.*above 0.*got 0/],
  [{ budget: { tokensPerDay: -1 } }, /tokensPerDay.*at least 0.*got -1/],
  [{ floor: { idleMs: Number.NaN } }, /floor\.idleMs.*got NaN/],
  [{ historyLimit: -3 }, /historyLimit/],
])('a pipeline refuses %j with what was expected and what came', (wrong, message) => {
  const agent = defineAgent({ name: 'a', description: 'Answers.', respond: ({ reply }) => reply.text('hi') })
  expect(() => createPipeline({ agents: [agent], ...wrong })).toThrow(message)
})
