import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { defineAgent, memoryStorage, Telemetry, type TraceHeaders, WaAgentError } from '@wa-agent/core'
import { prometheusMetrics } from '@wa-agent/server/metrics'
import { inbound, scriptedModel, simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { crashable } from './crashable.ts'
import { echo, startWorld } from './world.ts'

const phone = '393331234567@c.us'

/** A provider that keeps the spans in memory. */
function recorder() {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const spans = () => exporter.getFinishedSpans()
  const named = (name: string) => spans().filter((span) => span.name === name)
  const only = (name: string): ReadableSpan => {
    const [found, ...others] = named(name)
    if (!found || others.length > 0) throw new Error(`expected one span ${name}, got ${named(name).length}`)
    return found
  }
  return { tracerProvider, spans, named, only }
}

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId
const idOf = (span: ReadableSpan) => span.spanContext().spanId
const traceOf = (span: ReadableSpan) => span.spanContext().traceId

describe('traces', () => {
  test('go from the arrival of a message to its answer, step by step', async () => {
    const { tracerProvider, spans, only } = recorder()
    await using world = await startWorld({ bot: { telemetry: { tracerProvider } } })
    world.whatsapp.customer(phone).says('hello')
    await world.settle()
    const [append, turn, send] = ['wa_agent.append', 'wa_agent.turn', 'wa_agent.send'].map(only)
    if (!append || !turn || !send) throw new Error('unreachable')
    expect(parentOf(append)).toBeUndefined()
    expect([parentOf(turn), parentOf(send)]).toEqual([idOf(append), idOf(turn)])
    for (const step of ['classify', 'route', 'respond']) expect(parentOf(only(`wa_agent.${step}`))).toBe(idOf(turn))
    expect(new Set(spans().map(traceOf)).size).toBe(1)
    expect(turn.attributes).toMatchObject({
      'messaging.system': 'whatsapp',
      'wa_agent.tenant': 'default',
      'wa_agent.attempt': 1,
      'wa_agent.result': 'committed',
      'wa_agent.agent': 'echo',
      'wa_agent.conversation': expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    expect(send.attributes).toMatchObject({
      'messaging.message.id': expect.stringMatching(/^reply-/),
      'wa_agent.result': 'sent',
    })
  })

  test('hold no text, no name and no number of a customer', async () => {
    const { tracerProvider, spans } = recorder()
    const model = scriptedModel([{ error: new Error('hello secret') }, { text: 'hello secret' }])
    const agent = defineAgent({
      name: 'asks',
      description: 'Asks the model.',
      respond: async ({ llm, reply }) => reply.text(await (llm?.text({ instructions: 'secret' }) ?? 'none')),
    })
    await using world = await startWorld({ agents: [agent], model, bot: { telemetry: { tracerProvider } } })
    world.whatsapp.customer(phone).says('my secret 393337654321')
    await world.clock.advance(3000)
    expect(spans().length).toBeGreaterThan(8)
    const told = spans().map(({ name, attributes, status, events, links }) => [name, attributes, status, events, links])
    expect(JSON.stringify(told)).not.toMatch(/secret|39333/)
  })

  test('a burst is one turn: in the trace of its first message, linked to those of the others', async () => {
    const { tracerProvider, named, only } = recorder()
    const telemetry = { tracerProvider }
    await using world = await startWorld({ bot: { telemetry, coalesce: { settleMs: 1000 } } })
    const anna = world.whatsapp.customer('anna')
    for (const text of ['one', 'two', 'three']) {
      anna.says(text)
      await world.clock.advance(100)
    }
    await world.clock.advance(1000)
    const [first, ...others] = named('wa_agent.append')
    const turn = only('wa_agent.turn')
    expect(others).toHaveLength(2)
    expect(first && traceOf(turn) === traceOf(first)).toBe(true)
    expect(turn.links.map(({ context }) => context.spanId)).toEqual(others.map(idOf))
    expect(turn.attributes['messaging.batch.message_count']).toBe(3)
  })

  test('every attempt at a turn, and every attempt to send, is seen and belongs to the same trace', async () => {
    const { tracerProvider, named, spans } = recorder()
    let failures = 1
    const agent = defineAgent({
      name: 'fragile',
      description: 'Fails once.',
      respond({ reply }) {
        failures -= 1
        if (failures >= 0) throw new WaAgentError('turn_failed', 'It broke.', { retryable: true })
        reply.text('ok')
      },
    })
    await using world = await startWorld({ agents: [agent], bot: { telemetry: { tracerProvider } } })
    world.whatsapp.faults.next('unavailable')
    world.whatsapp.customer('anna').says('hello')
    await world.clock.advance(10_000)
    expect(world.whatsapp.sent).toHaveLength(1)
    const turns = named('wa_agent.turn')
    expect(turns.map(({ attributes }) => [attributes['wa_agent.attempt'], attributes['wa_agent.result']])).toEqual([
      [1, 'failed'],
      [2, 'committed'],
    ])
    expect(turns[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'turn_failed: It broke.' })
    const sends = named('wa_agent.send')
    expect(sends.map(({ attributes }) => attributes['wa_agent.result'])).toEqual(['failed', 'sent'])
    expect(sends.map(parentOf)).toEqual(Array(2).fill(turns[1] && idOf(turns[1])))
    expect(new Set(spans().map(traceOf)).size).toBe(1)
  })

  test('a reply that was stored without a trace has one of its own, and says what it answers', async () => {
    const { tracerProvider, only, named } = recorder()
    const storage = memoryStorage()
    await storage.open()
    const conversation = { tenant: 'default', channel: 'default', chat: 'anna' }
    const message = { type: 'text', text: 'late' } as const
    const reply = { id: 'late', kind: 'reply', message, inReplyTo: ['m1'], notBeforeMs: 0 } as const
    await storage.enqueue(conversation, [reply])
    await using world = await startWorld({ storage, bot: { telemetry: { tracerProvider } } })
    // Also where somebody else's message leads to it.
    world.whatsapp.customer('anna').says('hello')
    await world.clock.advance(2000)
    const late = named('wa_agent.send').find(({ attributes }) => attributes['messaging.message.id'] === 'late')
    expect(late && parentOf(late)).toBeUndefined()
    expect(late && traceOf(late)).not.toBe(traceOf(only('wa_agent.append')))
    expect(late?.attributes['wa_agent.answers']).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/)])
  })

  test('a reply belongs to its turn also where another process sends it', async () => {
    const clock = virtualClock()
    const disk = memoryStorage({ clock })
    await disk.open()
    const whatsapp = simulatedWhatsApp({ clock })
    const connection = { transports: [whatsapp.transport] }
    const dead = recorder()
    const { storage, crash } = crashable(disk)
    const agent = defineAgent({
      name: 'twice',
      description: 'Says two things.',
      respond({ reply }) {
        reply.text('one')
        reply.text('two')
      },
    })
    const { tracerProvider } = dead
    const first = await startWorld({
      clock,
      storage,
      agents: [agent],
      bot: { ...connection, telemetry: { tracerProvider } },
    })
    first.bot.on('turn-committed', crash)
    whatsapp.customer('anna').says('hello')
    await clock.advance(1000)
    expect([dead.named('wa_agent.turn').length, whatsapp.customer('anna').texts.length]).toEqual([1, 1])

    const alive = recorder()
    const telemetry = { tracerProvider: alive.tracerProvider }
    await using _ = await startWorld({ clock, storage: disk, bot: { ...connection, telemetry } })
    await clock.advance(120_000)
    expect(whatsapp.customer('anna').texts).toEqual(['one', 'two'])
    const [turn, send] = [dead.only('wa_agent.turn'), alive.only('wa_agent.send')]
    expect([parentOf(send), traceOf(send)]).toEqual([idOf(turn), traceOf(dead.only('wa_agent.append'))])
  })

  test('a reply carries no trace where nobody traces', async () => {
    const storage = memoryStorage()
    await using world = await startWorld({
      storage,
      bot: { telemetry: { meterProvider: prometheusMetrics().meterProvider } },
    })
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    const [reply] = (world.named('turn-committed')[0]?.['replies'] ?? []) as object[]
    expect(reply).toBeDefined()
    expect(reply).not.toHaveProperty('trace')
  })

  test('calls of a model follow the conventions for generative AI', async () => {
    const { tracerProvider, named, only } = recorder()
    const usage = { inputTokens: 7, outputTokens: 3, costUsd: 0.5 }
    const model = scriptedModel([{ output: { intent: 'none', confidence: 0.2, entities: {} } }, { text: 'hi' }], {
      name: 'gpt-x',
      usage,
    })
    const agent = defineAgent({
      name: 'asks',
      description: 'Asks the model.',
      intents: { ask: { examples: ['what is this', 'tell me what this is'] } },
      respond: async ({ llm, reply }) => reply.text(await (llm?.text({ instructions: 'Be kind.' }) ?? 'none')),
    })
    await using world = await startWorld({ agents: [agent], model, bot: { telemetry: { tracerProvider } } })
    world.whatsapp.customer('anna').says('zzz')
    await world.settle()
    const calls = named('chat gpt-x')
    expect(calls.map(parentOf)).toEqual([idOf(only('wa_agent.classify')), idOf(only('wa_agent.respond'))])
    expect(calls[1]?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-x',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 3,
      'wa_agent.purpose': 'respond',
      'wa_agent.cost_usd': 0.5,
    })
  })

  test('log lines about a turn name its trace, and nobody by number', async () => {
    const { tracerProvider, only } = recorder()
    const lines: Record<string, unknown>[] = []
    const note = (fields: Record<string, unknown>) => void lines.push(fields)
    const logger = { debug: note, info: note, warn: note, error: note }
    const agent = defineAgent({
      name: 'broken',
      description: 'Fails.',
      respond: () => {
        throw new Error('secret')
      },
    })
    const telemetry = { tracerProvider }
    await using world = await startWorld({ agents: [agent], bot: { telemetry, logger, retry: { maxAttempts: 1 } } })
    world.whatsapp.customer(phone).says('secret')
    await world.settle()
    const failed = lines.find((fields) => 'isFinal' in fields)
    expect(failed).toMatchObject({ tenant: 'default', channel: 'default', traceId: traceOf(only('wa_agent.turn')) })
    expect(failed?.['conversation']).toMatch(/^[0-9a-f]{12}$/)
    expect(failed?.['message']).toMatch(/^[0-9a-f]{12}$/)
    expect(JSON.stringify(lines)).not.toMatch(/secret|39333/)
  })
})

describe('without anybody who listens', () => {
  test('a message keeps no trace and a log line names none', async () => {
    const storage = memoryStorage()
    await using world = await startWorld({ storage, bot: { coalesce: { settleMs: 60_000 } } })
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    const request = { owner: 'test', nowMs: world.clock.now() + 60_000, leaseMs: 1, maxMessages: 9, historyLimit: 0 }
    const [claim] = await storage.claim({ ...request, usageDay: '' })
    expect(claim?.messages).toHaveLength(1)
    expect(claim?.messages[0]).not.toHaveProperty('trace')
  })
})

describe('providers that the application has registered', () => {
  afterEach(() => {
    trace.disable()
    context.disable()
    propagation.disable()
  })

  test('are used by a bot that was given none, and its own spans are the parents of ours', async () => {
    const { tracerProvider, only } = recorder()
    trace.setGlobalTracerProvider(tracerProvider)
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    await using world = await startWorld({ agents: [echo] })
    await trace.getTracer('application').startActiveSpan('request', async (span) => {
      await world.bot.receive([inbound.text('hello')])
      span.end()
    })
    await world.settle()
    expect(parentOf(only('wa_agent.append'))).toBe(idOf(only('request')))
    expect(traceOf(only('wa_agent.send'))).toBe(traceOf(only('request')))
  })

  test('see the spans of an agent within those of its turn', async () => {
    const { tracerProvider, only } = recorder()
    trace.setGlobalTracerProvider(tracerProvider)
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    const agent = defineAgent({
      name: 'looks',
      description: 'Looks something up.',
      respond: ({ reply }) =>
        trace.getTracer('agent').startActiveSpan('look up', (span) => {
          reply.text('found')
          span.end()
        }),
    })
    await using world = await startWorld({ agents: [agent] })
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    expect(parentOf(only('look up'))).toBe(idOf(only('wa_agent.respond')))
  })
})

test('a trace goes on in another process', async () => {
  const { tracerProvider, only } = recorder()
  const [here, there] = [new Telemetry({ tracerProvider }), new Telemetry({ tracerProvider })]
  await Promise.all([here.start(), there.start()])
  let carried: TraceHeaders | undefined
  await here.span('wa_agent.publish', {}, async () => {
    carried = here.injectTrace()
  })
  // What runs in the middle of somebody else's work is a part of that which it is told.
  await here.span('wa_agent.webhook', {}, () =>
    there.withTrace(carried, () => there.span('wa_agent.process', {}, async () => undefined)),
  )
  expect(parentOf(only('wa_agent.process'))).toBe(idOf(only('wa_agent.publish')))
  expect(traceOf(only('wa_agent.webhook'))).not.toBe(traceOf(only('wa_agent.publish')))
  await here.span('wa_agent.append', {}, () =>
    here.withTrace(undefined, async () => expect(here.injectTrace()).toBeUndefined()),
  )
  await expect(here.span('wa_agent.turn', {}, () => Promise.reject(new Error('secret')))).rejects.toThrow('secret')
  expect(() =>
    here.span('wa_agent.send', {}, () => {
      throw new Error('secret')
    }),
  ).toThrow('secret')
  for (const name of ['wa_agent.turn', 'wa_agent.send']) {
    expect(only(name)).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'Error' }, ended: true })
  }
})
