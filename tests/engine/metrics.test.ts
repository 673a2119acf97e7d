import { defineAgent, memoryQueue, Telemetry, type Transport, WaAgentError } from '@wa-agent/core'
import { prometheusMetrics, type ServerMetrics } from '@wa-agent/server/metrics'
import { scriptedModel } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { startWorld } from './world.ts'

/** The samples of a metric, by its name with its labels but those of the channel. */
async function read(metrics: ServerMetrics, name: string): Promise<Record<string, number>> {
  const { body } = await metrics.read()
  const lines = body.split('\n').filter((line) => line.startsWith(name) && !line.startsWith(`${name}_bucket`))
  const samples = lines.map((line) => {
    const end = line.lastIndexOf(' ')
    const series = line.slice(0, end).replace(/(tenant|channel)="default",?/g, '')
    return [series.replace(/,\}/, '}').replace('{}', ''), Number(line.slice(end + 1))] as const
  })
  return Object.fromEntries(samples)
}

function measured() {
  const metrics = prometheusMetrics()
  return { metrics, telemetry: { meterProvider: metrics.meterProvider } }
}

/** Fails on texts that hold "poison". */
const fragile = defineAgent({
  name: 'fragile',
  description: 'Fails now and then.',
  respond({ text, reply }) {
    if (text.includes('poison')) throw new Error('it broke')
    reply.text('ok')
  },
})

describe('metrics', () => {
  test('count messages, turns, sends and what decided', async () => {
    const { metrics, telemetry } = measured()
    await using world = await startWorld({ agents: [fragile], bot: { telemetry, retry: { maxAttempts: 2 } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    anna.says('poison')
    await world.clock.advance(10_000)
    expect(await read(metrics, 'wa_agent_messages_received_total')).toEqual({
      'wa_agent_messages_received_total{status="stored"}': 2,
    })
    expect(await read(metrics, 'wa_agent_turns_total')).toEqual({
      'wa_agent_turns_total{result="committed"}': 1,
      'wa_agent_turns_total{result="failed"}': 1,
      'wa_agent_turns_total{result="dead"}': 1,
    })
    expect(await read(metrics, 'wa_agent_sends_total')).toEqual({ 'wa_agent_sends_total{result="sent"}': 2 })
    expect(await read(metrics, 'wa_agent_classifications_total')).toEqual({
      'wa_agent_classifications_total{step="none"}': 1,
    })
    expect(await read(metrics, 'wa_agent_retries_total')).toEqual({ 'wa_agent_retries_total{kind="turn"}': 1 })
    expect(await read(metrics, 'wa_agent_dead_letters')).toEqual({
      'wa_agent_dead_letters_added_total{kind="turn"}': 1,
      wa_agent_dead_letters: 1,
    })
  })

  test('tell how long a customer waited, from arrival to the first answer', async () => {
    const { metrics, telemetry } = measured()
    const whatsapp = { sendLatencyMs: 500 }
    await using world = await startWorld({ whatsapp, bot: { telemetry, coalesce: { settleMs: 1500 } } })
    world.whatsapp.customer('anna').says('hello')
    await world.clock.advance(10_000)
    const sums = async (name: string) => Object.values(await read(metrics, name))
    expect(await sums('wa_agent_response_time_seconds')).toEqual([1, 2])
    expect(await sums('wa_agent_turn_wait_seconds')).toEqual([1, 1.5])
    expect(await sums('wa_agent_send_duration_seconds')).toEqual([1, 0.5])
  })

  test('tell of the waiting, of the working and of the heart', async () => {
    const { metrics, telemetry } = measured()
    await using world = await startWorld({ bot: { telemetry, coalesce: { settleMs: 60_000, maxWaitMs: 60_000 } } })
    world.whatsapp.customer('anna').says('hello')
    world.whatsapp.customer('bert').says('hello')
    await world.clock.advance(30_000)
    const value = async (name: string) => (await read(metrics, name))[name]
    expect(await value('wa_agent_pending_messages')).toBe(2)
    expect(await value('wa_agent_pending_oldest_age_seconds')).toBe(30)
    expect(await value('wa_agent_conversations')).toBe(2)
    expect(await value('wa_agent_conversations_working')).toBe(0)
    const now = world.clock.now() / 1000
    expect(await value('wa_agent_last_message_timestamp_seconds')).toBe(now - 30)
    expect(now - ((await value('wa_agent_heartbeat_timestamp_seconds')) ?? 0)).toBeLessThanOrEqual(1)
    await world.clock.advance(31_000)
    expect(await value('wa_agent_pending_oldest_age_seconds')).toBe(0)
  })

  test('tell in which state a channel is, and no longer once the bot has stopped', async () => {
    const { metrics, telemetry } = measured()
    await using world = await startWorld({ bot: { telemetry } })
    const states = async () => {
      const all = await read(metrics, 'wa_agent_connection_state')
      return Object.entries(all).flatMap(([series, value]) => (value === 1 ? [series] : []))
    }
    expect(await states()).toEqual(['wa_agent_connection_state{state="connected"}'])
    world.whatsapp.disconnect('the phone is off')
    expect(await states()).toEqual(['wa_agent_connection_state{state="disconnected"}'])
    await world.stop()
    expect(await states()).toEqual([])
    expect(await read(metrics, 'wa_agent_pending')).toEqual({})
  })

  test('count the handoffs, the opt-outs and the circuit', async () => {
    const { metrics, telemetry } = measured()
    await using world = await startWorld({ bot: { telemetry } })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    world.whatsapp.owner.writes(anna, 'I am here')
    await world.settle()
    await world.bot.release({ tenant: 'default', channel: 'default', chat: 'anna' })
    anna.says('STOP')
    await world.settle()
    anna.says('START')
    await world.settle()
    world.whatsapp.faults.always('unavailable')
    for (let index = 0; index < 5; index += 1) world.whatsapp.customer(`c${index}`).says('hello')
    await world.settle()
    expect(await read(metrics, 'wa_agent_handoffs_total')).toEqual({
      'wa_agent_handoffs_total{change="started",by="owner"}': 1,
      'wa_agent_handoffs_total{change="released",by="person"}': 1,
    })
    expect(await read(metrics, 'wa_agent_opt_outs_total')).toEqual({
      'wa_agent_opt_outs_total{change="out"}': 1,
      'wa_agent_opt_outs_total{change="in"}': 1,
    })
    expect(await read(metrics, 'wa_agent_circuit_state')).toMatchObject({ 'wa_agent_circuit_state{state="open"}': 1 })
  })

  test('say what models have used and cost, by tenant, also in turns that failed', async () => {
    const { metrics, telemetry } = measured()
    const usage = { inputTokens: 7, outputTokens: 3, costUsd: 0.25 }
    const error = new WaAgentError('model_unavailable', 'Away.', { retryable: true })
    const model = scriptedModel([{ text: 'one', usage }, { error }, { text: 'two', usage }], { name: 'gpt-x' })
    const agent = defineAgent({
      name: 'asks',
      description: 'Asks the model twice.',
      async respond({ llm, reply }) {
        await llm?.text({ instructions: 'one' })
        reply.text((await llm?.text({ instructions: 'two' })) ?? '')
      },
    })
    await using world = await startWorld({ agents: [agent], model, bot: { telemetry, retry: { maxAttempts: 1 } } })
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    const about = 'model="gpt-x",purpose="respond"'
    expect(await read(metrics, 'wa_agent_model_tokens_total')).toEqual({
      [`wa_agent_model_tokens_total{${about},direction="input"}`]: 7,
      [`wa_agent_model_tokens_total{${about},direction="output"}`]: 3,
    })
    expect(await read(metrics, 'wa_agent_model_cost_usd_total')).toEqual({
      [`wa_agent_model_cost_usd_total{${about}}`]: 0.25,
    })
    expect(await read(metrics, 'wa_agent_model_calls_total')).toEqual({
      [`wa_agent_model_calls_total{${about},result="answered"}`]: 1,
      [`wa_agent_model_calls_total{${about},result="failed"}`]: 1,
    })
    expect((await metrics.read()).body).toMatch(/wa_agent_model_cost_usd_total\{tenant="default",channel="default",/)
  })

  test('stay few, however many tenants there are', async () => {
    const { metrics } = measured()
    const telemetry = { meterProvider: metrics.meterProvider, tenantLabels: 2 }
    await using world = await startWorld({ bot: { telemetry } })
    for (const tenant of ['one', 'two', 'three']) {
      const transport: Transport = { ...world.whatsapp.transport, tenant, async start() {} }
      await world.bot.addTransport(transport)
      await world.bot.receive(
        [{ type: 'text', id: tenant, chat: 'anna', from: { id: 'anna' }, text: 'hi', sentAtMs: 1 }],
        {
          tenant,
          channel: 'default',
        },
      )
    }
    const { body } = await metrics.read()
    const tenants = body.match(/wa_agent_messages_received_total\{tenant="\w+"/g)
    expect(tenants?.map((match) => match.split('"')[1])).toEqual(['one', 'two', 'other'])
  })

  test('of a queue are those of whoever watches it', async () => {
    const { metrics, telemetry } = measured()
    const queue = memoryQueue()
    await using world = await startWorld()
    const watching = new Telemetry(telemetry, () => world.clock.now())
    watching.observeQueue(queue)
    await watching.start()
    await queue.publish([{ id: 'a', tenant: 't', channel: 'c', data: {} }])
    expect(await read(metrics, 'wa_agent_queue_depth')).toEqual({ wa_agent_queue_depth: 1 })
    expect(await read(metrics, 'wa_agent_queue_working')).toEqual({ wa_agent_queue_working: 0 })
    watching.stop()
    expect(await read(metrics, 'wa_agent_queue')).toEqual({})
    await queue.close()
  })

  test('leave out what cannot be asked now', async () => {
    const { metrics, telemetry } = measured()
    await using world = await startWorld({ bot: { telemetry } })
    await world.clock.advance(1000)
    expect(await read(metrics, 'wa_agent_pending_messages')).toEqual({ wa_agent_pending_messages: 0 })
    world.storage.stats = () => Promise.reject(new Error('away'))
    expect(await read(metrics, 'wa_agent_pending')).toEqual({})
    expect(Object.keys(await read(metrics, 'wa_agent_heartbeat_timestamp_seconds'))).toHaveLength(1)
  })
})

test('options that cannot be are refused', async () => {
  const refused = expect.objectContaining({ code: 'invalid_options' })
  await expect(startWorld({ bot: { telemetry: { tenantLabels: 0 } } })).rejects.toEqual(refused)
  await expect(startWorld({ bot: { telemetry: { channelLabels: 1.5 } } })).rejects.toEqual(refused)
  expect(() => prometheusMetrics({ open: true } as object)).toThrow(refused)
})
