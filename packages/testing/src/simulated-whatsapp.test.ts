import type { Delivery, OutboundMessage, SendResult } from '@wa-agent/core'
import { WaAgentError } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { type RecordingHost, recordingHost } from './recording-host.ts'
import { type SimulatedWhatsApp, type SimulatedWhatsAppOptions, simulatedWhatsApp } from './simulated-whatsapp.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

interface World {
  readonly clock: VirtualClock
  readonly host: RecordingHost
  readonly whatsapp: SimulatedWhatsApp
  send(delivery: Partial<Delivery>, signal?: AbortSignal): Promise<SendResult>
}

async function started(options: SimulatedWhatsAppOptions = {}): Promise<World> {
  const clock = virtualClock({ startMs: 0 })
  const host = recordingHost({ clock })
  const whatsapp = simulatedWhatsApp({ clock, ...options })
  await whatsapp.transport.start(host)
  const send: World['send'] = (delivery, signal = new AbortController().signal) =>
    whatsapp.transport.send(complete(delivery), { signal })
  return { clock, host, whatsapp, send }
}

function complete(delivery: Partial<Delivery> = {}): Delivery {
  return { id: 'r1', chat: 'ana', message: { type: 'text', text: 'Hi' }, inReplyTo: [], attempt: 1, ...delivery }
}

const ids = (host: RecordingHost) => host.received.map(({ id }) => id)
const away = () => new WaAgentError('storage_unavailable', 'Try again.', { retryable: true })
const offer: OutboundMessage = { type: 'buttons', text: 'Which?', buttons: [{ id: 's', title: 'Small' }] }

describe('what customers send', () => {
  test('reaches the bot in order, with ids, chat, sender and time filled in', async () => {
    const { clock, host, whatsapp } = await started()
    const ana = whatsapp.customer('ana', { name: 'Ana' })
    await clock.advance(5)
    ana.burst(['one', { type: 'location', latitude: 1, longitude: 2 }, 'three'])
    await clock.settle()
    expect(host.received).toMatchObject([
      { id: 'in-1', chat: 'ana', from: { id: 'ana', name: 'Ana' }, sentAtMs: 5, type: 'text', text: 'one' },
      { id: 'in-2', type: 'location' },
      { id: 'in-3', text: 'three' },
    ])
    expect(whatsapp.customer('ana')).toBe(ana)
  })

  test('is delivered again, ever later, until it is acknowledged', async () => {
    const { clock, host, whatsapp } = await started({ redelivery: { maxDelayMs: 3000 } })
    host.refuse(away(), 4)
    whatsapp.customer('ana').says('hi')
    await clock.settle()
    expect([host.calls, whatsapp.arrivals.unacknowledged.length]).toEqual([1, 1])
    await clock.runUntil('idle')
    expect(clock.now()).toBe(1000 + 2000 + 3000 + 3000)
    expect(whatsapp.arrivals.all).toMatchObject([{ deliveries: 5, acknowledgedAtMs: 9000 }])
    expect(ids(host)).toEqual(['in-1'])
  })

  test('comes twice where the provider repeats itself', async () => {
    const { clock, host, whatsapp } = await started()
    whatsapp.arrivals.redeliver(whatsapp.customer('ana').says('hi'))
    await clock.settle()
    expect(ids(host)).toEqual(['in-1', 'in-1'])
    expect(() => whatsapp.arrivals.redeliver({ id: 'other' })).toThrow('was ever sent')
  })

  test('is held back and let go in another order, the same one for the same seed', async () => {
    const orders = ['as-sent', 'reversed', 'shuffled', 'shuffled'] as const
    const seen = []
    for (const order of orders) {
      const { clock, host, whatsapp } = await started({ seed: 3 })
      whatsapp.arrivals.hold()
      whatsapp.customer('ana').burst(['1', '2', '3', '4', '5'])
      await clock.settle()
      expect(host.calls).toBe(0)
      whatsapp.arrivals.release(order)
      await clock.settle()
      seen.push(host.received.map((message) => (message.type === 'text' ? message.text : '')).join(''))
    }
    expect(seen[0]).toBe('12345')
    expect(seen[1]).toBe('54321')
    expect(seen[2]).not.toBe('12345')
    expect(seen[3]).toBe(seen[2])
  })

  test('waits at the provider while the line is cut, and comes by catch-up', async () => {
    const { clock, host, whatsapp } = await started()
    const { signal } = new AbortController()
    const ana = whatsapp.customer('ana')
    ana.says('before')
    await clock.advance(1000)
    whatsapp.disconnect()
    ana.says('meanwhile')
    await expect(whatsapp.transport.catchUp?.({ sinceMs: 0, signal })).rejects.toThrow('not connected')
    await clock.advance(1000)
    whatsapp.reconnect()
    await clock.settle()
    expect(ids(host)).toEqual(['in-1'])
    whatsapp.faults.catchUp()
    await expect(whatsapp.transport.catchUp?.({ sinceMs: 1000, signal })).rejects.toThrow('not connected')
    await whatsapp.transport.catchUp?.({ sinceMs: 1000, signal })
    expect(ids(host)).toEqual(['in-1', 'in-2'])
    expect(host.connections).toEqual(['connecting', 'connected', 'disconnected', 'connected'])
    expect(whatsapp.arrivals.unacknowledged).toEqual([])
  })

  test('comes by itself after the cut where the provider cannot be asked', async () => {
    const { clock, host, whatsapp } = await started({ catchUp: false })
    expect(whatsapp.transport.catchUp).toBeUndefined()
    whatsapp.needsLogin()
    whatsapp.customer('ana').says('meanwhile')
    whatsapp.reconnect()
    await clock.settle()
    expect(ids(host)).toEqual(['in-1'])
    expect(host.connections).toEqual(['connecting', 'connected', 'needs-login', 'connected'])
  })

  test('carries the other ids of a person, whichever it writes under', async () => {
    const { clock, host, whatsapp, send } = await started()
    const ana = whatsapp.customer('49@c.us', { aliases: [{ kind: 'lid', value: '7@lid' }] })
    ana.says('as a number')
    ana.writesAs('7@lid')
    ana.says('as a LID')
    await clock.settle()
    expect(host.received).toMatchObject([
      { chat: '49@c.us', from: { id: '49@c.us', aliases: [{ kind: 'lid', value: '7@lid' }] } },
      { chat: '7@lid', from: { id: '7@lid', aliases: [{ kind: 'phone', value: '49@c.us' }] } },
    ])
    await send({ chat: '49@c.us' })
    await send({ chat: '7@lid' })
    expect(ana.texts).toEqual(['Hi', 'Hi'])
    expect(() => ana.writesAs('8@lid')).toThrow("none of this customer's ids")
  })

  test('is a choice that was offered, a reaction, or a file that can be opened', async () => {
    const { clock, host, whatsapp, send } = await started()
    const ana = whatsapp.customer('ana')
    await send({ message: offer })
    ana.chooses('Small')
    ana.reacts('👍', await ana.next())
    const bytes = new Uint8Array(200_000).fill(7)
    ana.sendsFile({ type: 'image', bytes, mimeType: 'image/png', caption: 'look' })
    await clock.settle()
    expect(host.received).toMatchObject([
      { type: 'selection', selection: { id: 's', title: 'Small' }, source: 'button', replyTo: { id: 'sent-1' } },
      { type: 'reaction', emoji: '👍', to: 'sent-1' },
      { type: 'image', caption: 'look', media: { reference: 'file-1', sizeBytes: 200_000, mimeType: 'image/png' } },
    ])
    expect(() => ana.chooses('Large')).toThrow('never offered "Large"')
    const open = () => whatsapp.transport.openMedia?.({ reference: 'file-1' }, { signal: new AbortController().signal })
    expect(new Uint8Array(await new Response(await open()).arrayBuffer())).toEqual(bytes)
    whatsapp.media.remove('file-1')
    await expect(open()).rejects.toMatchObject({ code: 'media_unavailable' })
  })
})

describe('what the bot sends', () => {
  test('arrives, and twice where it is sent twice', async () => {
    const { whatsapp, send } = await started()
    expect(await send({})).toEqual({ status: 'sent', providerId: 'sent-1' })
    expect(await send({})).toEqual({ status: 'sent', providerId: 'sent-2' })
    expect(whatsapp.customer('ana').texts).toEqual(['Hi', 'Hi'])
    expect(whatsapp.sent.map(({ delivery }) => delivery?.id)).toEqual(['r1', 'r1'])
  })

  test.each([
    ['timeout-after-acceptance', { status: 'uncertain', reason: 'no answer' }, 1],
    ['timeout-before-acceptance', { status: 'uncertain', reason: 'no answer' }, 0],
    ['unavailable', { status: 'failed', retryable: true, reason: 'unavailable' }, 0],
    ['rate-limited', { status: 'failed', retryable: true, reason: 'rate limited' }, 0],
    ['refused', { status: 'failed', retryable: false, reason: 'refused' }, 0],
  ] as const)('meets the fault %s once', async (fault, result, arrived) => {
    const { whatsapp, send } = await started()
    whatsapp.faults.next(fault)
    expect(await send({})).toEqual(result)
    expect(whatsapp.sent).toHaveLength(arrived)
    expect(await send({ attempt: 2 })).toMatchObject({ status: 'sent' })
    expect(whatsapp.attempts).toMatchObject([{ result, accepted: arrived === 1 }, { accepted: true }])
  })

  test('meets faults in the order of the script, each only in its chat', async () => {
    const { whatsapp, send } = await started()
    whatsapp.faults.always('unavailable', { chat: 'ben' })
    whatsapp.faults.next({ type: 'rate-limited', retryAfterMs: 500 }, { times: 2 })
    expect(await send({ chat: 'ben' })).toMatchObject({ retryAfterMs: 500 })
    expect(await send({})).toMatchObject({ retryAfterMs: 500 })
    expect(await send({})).toMatchObject({ status: 'sent' })
    expect(await send({ chat: 'ben' })).toMatchObject({ reason: 'unavailable' })
    whatsapp.faults.clear()
    expect(await send({ chat: 'ben' })).toMatchObject({ status: 'sent' })
  })

  test('meets random faults with their probability, the same ones for the same seed', async () => {
    const runs = await Promise.all(
      [5, 5, 6].map(async (seed) => {
        const { whatsapp, send } = await started({ seed })
        whatsapp.faults.randomly({ 'rate-limited': 0.2, 'timeout-after-acceptance': 0.1 })
        const results = []
        for (let count = 0; count < 300; count += 1) results.push((await send({})).status)
        return results
      }),
    )
    expect(runs[0]).toEqual(runs[1])
    expect(runs[0]).not.toEqual(runs[2])
    expect(runs[0]?.filter((status) => status === 'failed').length).toBeGreaterThan(40)
    expect(runs[0]?.filter((status) => status === 'uncertain').length).toBeGreaterThan(15)
  })

  test('never hears an answer when the process dies, before or after the provider has it', async () => {
    const { clock, whatsapp, send } = await started()
    const crashes: string[] = []
    whatsapp.faults.next({ type: 'crash-before-acceptance', onCrash: () => crashes.push('before') })
    whatsapp.faults.next({ type: 'crash-after-acceptance', onCrash: () => crashes.push('after') })
    void send({}).then(() => expect.unreachable())
    await clock.settle()
    expect(whatsapp.sent).toHaveLength(0)
    void send({ attempt: 2 }).then(() => expect.unreachable())
    await clock.settle()
    expect([crashes, whatsapp.sent.length, whatsapp.breaches]).toEqual([['before', 'after'], 1, []])
  })

  test('hangs until it is aborted, and throws what it is told to', async () => {
    const { clock, whatsapp, send } = await started()
    whatsapp.faults.next({ type: 'hangs', accepted: true })
    const controller = new AbortController()
    clock.after(15_000, () => controller.abort())
    expect(await clock.finish(send({}, controller.signal))).toMatchObject({ status: 'uncertain' })
    whatsapp.faults.next({ type: 'throws', error: new TypeError('boom'), accepted: false })
    await expect(send({})).rejects.toThrow('boom')
    expect([clock.now(), whatsapp.sent.length]).toEqual([15_000, 1])
  })

  test('takes its time, and fails while the line is cut', async () => {
    const { clock, whatsapp, send } = await started({ sendLatencyMs: 300 })
    await clock.finish(send({}))
    expect(clock.now()).toBe(300)
    whatsapp.disconnect()
    expect(await clock.finish(send({}))).toEqual({ status: 'failed', retryable: true, reason: 'not connected' })
  })

  test('is known to find, unless it cannot tell', async () => {
    const { whatsapp, send } = await started()
    const find = () => whatsapp.transport.find?.(complete(), { signal: new AbortController().signal })
    expect(await find()).toEqual({ status: 'absent' })
    whatsapp.faults.next('timeout-after-acceptance')
    await send({})
    expect(await find()).toEqual({ status: 'sent', providerId: 'sent-1' })
    whatsapp.faults.find('unknown')
    expect(await find()).toEqual({ status: 'unknown' })
    whatsapp.faults.find('rejects')
    await expect(find()).rejects.toMatchObject({ retryable: true })
    expect(simulatedWhatsApp({ find: false }).transport.find).toBeUndefined()
  })

  test('comes back as an echo, before or after the answer', async () => {
    for (const echo of ['before', 'after'] as const) {
      const { clock, host, send } = await started({ echo })
      await send({ message: offer })
      expect(host.received).toHaveLength(echo === 'before' ? 1 : 0)
      await clock.runUntil('idle')
      expect(host.received).toMatchObject([{ id: 'sent-1', chat: 'ana', fromMe: true, type: 'text', text: 'Which?' }])
    }
  })

  test('is reported where it breaks the rules of the port', async () => {
    const { clock, whatsapp, send } = await started({
      sendLatencyMs: 10,
      capabilities: { types: ['text'], maxTextLength: 3 },
    })
    expect(await send({ message: offer })).toMatchObject({ status: 'failed', retryable: false })
    expect(await send({ message: { type: 'text', text: 'long' } })).toMatchObject({ status: 'failed' })
    await clock.finish(Promise.all([send({}), send({})]))
    expect(whatsapp.breaches).toEqual([
      'r1: type "buttons" is not among the capabilities',
      'r1: the text has 4 units, at most 3 are allowed',
      'send was called twice at once for the chat of r1',
    ])
  })
})

describe('the owner', () => {
  test('writes on the phone: the customer sees it and the bot is told', async () => {
    const { clock, host, whatsapp } = await started()
    const ana = whatsapp.customer('ana')
    whatsapp.owner.writes(ana, 'I take over')
    await clock.settle()
    expect(ana.received).toMatchObject([{ by: 'owner', text: 'I take over' }])
    expect(host.received).toMatchObject([{ fromMe: true, chat: 'ana', from: { id: 'business' }, text: 'I take over' }])
    expect(whatsapp.sent).toEqual([])
  })
})

describe('what the provider tells of a message that was sent', () => {
  test('reaches the bot by the id of the provider, or as the test wants it', async () => {
    const { clock, host, whatsapp, send } = await started()
    await send({ id: 'r1' })
    await clock.advance(7)
    const [message] = whatsapp.sent
    await whatsapp.report(message ?? { id: '' }, 'delivered')
    await whatsapp.report({ id: 'sent-1' }, 'failed', { replyId: 'r1', atMs: 5, reason: '131047 Late' })
    expect(host.tracked).toEqual([
      { providerId: 'sent-1', status: 'delivered', atMs: 7 },
      { providerId: 'sent-1', replyId: 'r1', status: 'failed', atMs: 5, reason: '131047 Late' },
    ])
  })

  test('rejects where the bot refuses it, is away, or never sent it', async () => {
    const { clock, host, whatsapp, send } = await started()
    await send({ id: 'r1' })
    host.refuse(away())
    const report = () => whatsapp.report({ id: 'sent-1' }, 'read')
    await expect(report()).rejects.toMatchObject({ code: 'storage_unavailable' })
    whatsapp.disconnect()
    await expect(report()).rejects.toMatchObject({ code: 'not_running', retryable: true })
    whatsapp.reconnect()
    const { id } = whatsapp.owner.writes('ana', 'hello')
    await clock.settle()
    await expect(whatsapp.report({ id }, 'read')).rejects.toThrow('never sent')
    expect(host.tracked).toEqual([])
    await report()
    expect(host.tracked).toHaveLength(1)
  })
})

describe('processes', () => {
  test('the one that started last gets what arrives; a late farewell of another changes nothing', async () => {
    const { clock, host, whatsapp } = await started()
    const second = recordingHost({ clock })
    await whatsapp.anotherTransport().start(second)
    await whatsapp.transport.stop()
    whatsapp.customer('ana').says('hi')
    await clock.settle()
    expect([host.received.length, second.received.length]).toEqual([0, 1])
  })

  test('nothing comes after stop, not even what was refused before', async () => {
    const { clock, host, whatsapp } = await started({ connectMs: 100 })
    await clock.advance(100)
    host.refuse(away())
    whatsapp.customer('ana').says('hi')
    await clock.settle()
    await whatsapp.transport.stop()
    await clock.runUntil('idle')
    expect([host.calls, host.connections.at(-1)]).toEqual([1, 'stopped'])
  })

  test('one that stops before it is connected is never connected', async () => {
    const { clock, host, whatsapp } = await started({ connectMs: 100 })
    await whatsapp.transport.stop()
    await clock.runUntil('idle')
    expect(host.connections).toEqual(['connecting', 'stopped'])
  })
})
