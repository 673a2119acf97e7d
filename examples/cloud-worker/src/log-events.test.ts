import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { createBot, createPipeline, defineAgent, type Logger, memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { logEvents } from './log-events.ts'

type Line = Record<string, unknown>

function recording(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const note = (fields: Line, line: string) => void lines.push({ ...fields, line })
  return { lines, logger: { debug: note, info: note, warn: note, error: note } }
}

async function tracedBot() {
  const { logger, lines } = recording()
  const clock = virtualClock()
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const whatsApp = simulatedWhatsApp({ clock })
  const agent = defineAgent({ name: 'echo', description: 'Echoes.', respond: ({ reply }) => reply.text('Yes.') })
  const bot = createBot({
    transports: [whatsApp.transport],
    storage: memoryStorage(),
    pipeline: createPipeline({ agents: [agent], fallback: agent, clock }),
    clock,
    telemetry: { tracerProvider },
  })
  logEvents(bot, logger)
  await bot.start()
  return {
    whatsApp,
    clock,
    named: (line: string) => lines.filter((fields) => fields['line'] === line),
    tracesOf: (name: string) =>
      exporter.getFinishedSpans().flatMap((span) => (span.name === name ? span.spanContext().traceId : [])),
    all: () => JSON.stringify(lines),
    [Symbol.asyncDispose]: () => clock.finish(bot.stop()),
  }
}

test('a line about a turn or a reply names its trace, and nobody by number', async () => {
  await using world = await tracedBot()
  world.whatsApp.customer('393330001122').says('hello')
  await world.clock.advance(1000)
  const [traceId] = world.tracesOf('wa_agent.turn')
  for (const line of ['turn committed', 'reply sent'])
    expect(world.named(line)).toEqual([expect.objectContaining({ tenant: 'default', channel: 'default', traceId })])
  expect(world.all()).not.toContain('39333')
})

test('a line about a channel names the trace in which it happened', async () => {
  await using world = await tracedBot()
  world.whatsApp.faults.always('unavailable')
  for (const chat of ['ana', 'ben', 'cleo', 'dora', 'eva', 'fay']) world.whatsApp.customer(chat).says('hello')
  await world.clock.advance(10_000)
  expect(world.named('circuit changed')[0]).toMatchObject({
    channel: 'default',
    state: 'open',
    traceId: expect.toBeOneOf(world.tracesOf('wa_agent.send')),
  })
})
