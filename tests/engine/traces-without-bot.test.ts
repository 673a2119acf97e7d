import { trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { createPipeline } from '@wa-agent/core'
import { inbound } from '@wa-agent/testing'
import { afterEach, expect, test } from 'vitest'
import { echo } from './world.ts'

afterEach(() => trace.disable())

test('a pipeline that runs without a bot is seen by the provider that the application has registered', async () => {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
  const pipeline = createPipeline({ agents: [echo] })
  await pipeline.start?.()
  await pipeline.run({ messages: [inbound.text('hello')] })
  const steps = exporter.getFinishedSpans().map(({ name }) => name)
  expect(steps).toEqual(['wa_agent.classify', 'wa_agent.route', 'wa_agent.respond'])
})
