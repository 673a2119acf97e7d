import { context, trace } from '@opentelemetry/api'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import { createBot, createPipeline, memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp } from '@wa-agent/testing'
import { afterEach, expect, test } from 'vitest'
import { person } from './handoff.ts'
import { measuredBot } from './metrics.ts'
import { openingHours } from './opening-hours.ts'
import { startTracing } from './traces.ts'
import { logTurns } from './turn-log.ts'

const adminKey = 'k3Jx-9fQm-Zr7T-pLw2'

function parts() {
  const whatsApp = simulatedWhatsApp()
  const pipeline = createPipeline({ agents: [person, openingHours] })
  return { whatsApp, options: { transports: [whatsApp.transport], storage: memoryStorage(), pipeline } }
}

afterEach(() => {
  trace.disable()
  context.disable()
})

test('metrics are read with the admin key', async () => {
  const { whatsApp, options } = parts()
  const { bot, server } = measuredBot(options, adminKey)
  await bot.start()
  await whatsApp.customer('anna').says('when are you open?')
  await bot.idle()
  const headers = { authorization: `Bearer ${adminKey}` }
  const answer = await server.fetch(new Request('http://bot.example/metrics', { headers }))
  expect(await answer.text()).toContain('wa_agent_turns_total{tenant="default",channel="default",result="committed"} 1')
  await server.stop()
  await bot.stop()
})

test('one trace in ten is kept, and a log line names its trace by its id and nobody by number', async () => {
  const exporter = new InMemorySpanExporter()
  const provider = startTracing(exporter)
  const { whatsApp, options } = parts()
  const bot = createBot(options)
  const lines: Record<string, unknown>[] = []
  const note = (fields: Record<string, unknown>) => void lines.push(fields)
  logTurns(bot, { debug: note, info: note, warn: note, error: note })
  await bot.start()
  for (let n = 0; n < 200; n += 1) await whatsApp.customer(`39333000${n}`).says('when are you open?')
  await bot.idle()
  await bot.stop()
  await provider.forceFlush()
  const kept = exporter.getFinishedSpans().filter(({ name }) => name === 'wa_agent.turn')
  expect(kept.length).toBeGreaterThan(2)
  expect(kept.length).toBeLessThan(60)
  expect(lines).toHaveLength(200)
  expect(lines.map(({ traceId }) => traceId)).toEqual(
    expect.arrayContaining(kept.map((span) => span.spanContext().traceId)),
  )
  expect(JSON.stringify(lines)).not.toContain('39333000')
})
