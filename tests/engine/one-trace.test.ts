import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { createBot, createIngest, createPipeline, createWorker, memoryQueue, memoryStorage } from '@wa-agent/core'
import { createServer, desktopTransport } from '@wa-agent/server'
import { prometheusMetrics } from '@wa-agent/server/metrics'
import { expect, test, vi } from 'vitest'
import { adminKey, bodyWith, pushTransport, signed, webhook } from '../../packages/server/src/test-world.ts'
import { echo } from './world.ts'

test('one trace goes from the webhook through the queue and the worker to the send', async () => {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const metrics = prometheusMetrics()
  const telemetry = { tracerProvider, meterProvider: metrics.meterProvider }
  const queue = memoryQueue()
  const front = pushTransport()
  const ingest = createIngest({ transports: [front], queue, telemetry })
  const server = createServer({ ingest, transports: [front], adminKey: false, telemetry })
  const back = pushTransport()
  const pipeline = createPipeline({ agents: [echo] })
  const worker = createWorker({ transports: [back], queue, storage: memoryStorage(), pipeline, telemetry })
  await ingest.start()
  await worker.start()
  try {
    const { status } = await server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))
    expect(status).toBe(200)
    await vi.waitFor(() => expect(back.sent).toHaveLength(1))
    await worker.idle()
    const depth = /^wa_agent_queue_depth 0$/m
    expect((await metrics.read()).body).toMatch(depth)
  } finally {
    await server.stop()
    await ingest.stop()
    await worker.stop()
    await queue.close()
  }
  const spans = exporter.getFinishedSpans()
  const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  const way = spans.map((span) => [nameOf.get(span.parentSpanContext?.spanId ?? ''), span.name].join(' > '))
  expect(way.sort()).toEqual([
    ' > wa_agent.webhook',
    'wa_agent.append > wa_agent.turn',
    'wa_agent.process > wa_agent.append',
    'wa_agent.publish > wa_agent.process',
    'wa_agent.turn > wa_agent.classify',
    'wa_agent.turn > wa_agent.respond',
    'wa_agent.turn > wa_agent.route',
    'wa_agent.turn > wa_agent.send',
    'wa_agent.webhook > wa_agent.publish',
  ])
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
})

test('with a storage in the ingest the trace travels with the message', async () => {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const metrics = prometheusMetrics()
  const telemetry = { tracerProvider, meterProvider: metrics.meterProvider }
  // One storage for both, as processes share a database: only the worker closes it.
  const storage = memoryStorage()
  const shared = Object.assign(Object.create(storage), { close: async () => undefined })
  shared.open = () => storage.open()
  shared.append = (...given: Parameters<typeof storage.append>) => storage.append(...given)
  const front = pushTransport()
  const ingest = createIngest({ transports: [front], storage: shared, telemetry })
  const back = pushTransport()
  const pipeline = createPipeline({ agents: [echo] })
  const worker = createWorker({ transports: [back], storage, pipeline, telemetry })
  await ingest.start()
  await worker.start()
  try {
    const answer = await front.webhook?.({ method: 'POST', ...signedCall(bodyWith('hello', 'you')) })
    expect(answer?.status).toBe(200)
    await vi.waitFor(() => expect(back.sent).toHaveLength(1))
    const counted = 'wa_agent_messages_received_total{tenant="default",channel="main",status="stored"} 2'
    expect((await metrics.read()).body).toContain(counted)
  } finally {
    await ingest.stop()
    await worker.stop()
  }
  const spans = exporter.getFinishedSpans()
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['wa_agent.append', 'wa_agent.send']))
})

test('what a desktop asks for is one trace, from its request to the answer', async () => {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const telemetry = { tracerProvider }
  const desktop = desktopTransport()
  const pipeline = createPipeline({ agents: [echo], fallback: echo })
  const bot = createBot({ transports: [desktop], storage: memoryStorage(), pipeline, telemetry })
  const server = createServer({ bot, transports: [desktop], adminKey, telemetry })
  await bot.start()
  try {
    const response = await server.fetch(
      new Request('http://cloud/api/desktop-agent/process-message', {
        method: 'POST',
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tenantId: 'default', from: 'anna@c.us', message: 'hello', timestamp: Date.now() }),
      }),
    )
    expect(await response.json()).toMatchObject({ status: 'answered', reply: 'you said hello' })
  } finally {
    await server.stop()
    await bot.stop()
  }
  const spans = exporter.getFinishedSpans()
  const root = spans.find(({ parentSpanContext }) => parentSpanContext === undefined)
  expect(root).toMatchObject({ name: 'wa_agent.desktop', attributes: { 'wa_agent.channel': 'desktop' } })
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
  const parts = ['wa_agent.append', 'wa_agent.turn', 'wa_agent.respond']
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(parts))
  expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('anna')
})

function signedCall(body: string) {
  const headers = new Headers({ 'x-signature': signed(body) })
  return { headers, query: new URLSearchParams(), body: Buffer.from(body) }
}
