import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { recordingHost, virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { maytapiTransport } from './maytapi-transport.ts'

const chat = '15550001001@c.us'
const ready = {
  loggedIn: true,
  isQr: false,
  loading: false,
  connRetry: 0,
  state: { state: 'CONNECTED', canSend: true },
}

/** A Maytapi that says `status` of its phone; `calls` are the paths that were asked for, with their methods. */
function maytapi(status: () => Response | Promise<Response>) {
  const calls: string[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const { method, url } = new Request(input, init)
    calls.push(`${method} ${new URL(url).pathname}`)
    if (method === 'GET') return status()
    return Response.json({ success: true, data: { chatId: chat, msgId: `uuid-${calls.length}` } })
  }
  const make = () => maytapiTransport({ productId: 'p', phoneId: 1, apiKey: 'key', webhookSecret: 'secret', fetch })
  return { calls, make }
}

function request(event: object) {
  const headers = new Headers({ 'content-type': 'application/json' })
  const body = Buffer.from(JSON.stringify({ product_id: 'p', phone_id: 1, ...event }))
  return { method: 'POST', headers, query: new URLSearchParams({ token: 'secret' }), body }
}

const told = (status: string) => request({ type: 'status', status })
const answers = (status: unknown) => () => Response.json({ success: true, status })

/** A transport that was left with its phone at the QR code, and the host of its successor. */
async function left(status: () => Response | Promise<Response>) {
  const host = recordingHost({ clock: virtualClock() })
  const { calls, make } = maytapi(status)
  const first = make()
  await first.start(host)
  await first.webhook?.(told('qr-code'))
  await first.stop()
  expect(calls).toEqual([])
  const next = make()
  await next.start(host)
  return { host, calls, next, since: host.connections.slice(3) }
}

/** Until what was asked for has been answered and worked off. */
const answered = () => new Promise((resolve) => setImmediate(resolve))

describe('a phone that was away when the process ended', () => {
  test('is still away, and is asked for its state once', async () => {
    const { host, calls, since } = await left(answers({ ...ready, loggedIn: false, isQr: true }))
    expect(since).toEqual(['needs-login'])
    await answered()
    expect(calls).toEqual(['GET /api/p/1/status'])
    expect(host.connections.slice(3)).toEqual(['needs-login'])
  })

  test('is connected where Maytapi says so, and stays so after the next start', async () => {
    const { host, next, calls, since } = await left(answers(ready))
    expect(since).toEqual(['needs-login'])
    await answered()
    expect(host.connections.slice(3)).toEqual(['needs-login', 'connected'])
    await next.stop()
    await next.start(host)
    expect(host.connections.slice(5)).toEqual(['stopped', 'connected'])
    expect(calls).toHaveLength(1)
  })

  test.each<readonly [string, () => Response | Promise<Response>]>([
    ['is still loading', answers({ ...ready, loading: true })],
    ['cannot send', answers({ ...ready, state: { canSend: false } })],
    ['is described in other words', answers('CONNECTED')],
    ['is refused', () => Response.json({ success: false, message: 'Token is wrong' }, { status: 401 })],
    ['cannot be asked for', () => Promise.reject(new TypeError('fetch failed'))],
  ])('stays away where its state %s', async (_, status) => {
    const { host } = await left(status)
    await answered()
    expect(host.connections.slice(3)).toEqual(['needs-login'])
  })

  test('stays away where an event said so after the question', async () => {
    const answer = Promise.withResolvers<Response>()
    const { host, next } = await left(() => answer.promise)
    await next.webhook?.(told('phone-error'))
    answer.resolve(answers(ready)())
    await answered()
    expect(host.connections.slice(3)).toEqual(['needs-login', 'disconnected'])
  })

  test('is connected once it is told, or once something comes in that was written since', async () => {
    const seconds = (ms: number) => Math.floor(ms / 1000)
    for (const event of [
      () => told('ACTIVE'),
      (nowMs: number) => {
        const message = { type: 'text', text: 'hi', id: 'false_1', _serialized: 'false_1', fromMe: false }
        const timestamp = seconds(nowMs) + 60
        return request({ type: 'message', conversation: chat, user: { id: chat }, timestamp, message })
      },
    ]) {
      const { host, next } = await left(answers({ isQr: true }))
      await next.webhook?.(event(host.clock.now()))
      await next.stop()
      await next.start(host)
      expect(host.connections.slice(3)).toEqual(['needs-login', 'connected', 'stopped', 'connected'])
    }
  })
})

test('the start of a connected phone asks for nothing', async () => {
  const { calls, make } = maytapi(answers(ready))
  await make().start(recordingHost({ clock: virtualClock() }))
  await answered()
  expect(calls).toEqual([])
})

test('the stop does not wait for the answer about the phone', async () => {
  const { host, next } = await left(() => new Promise<Response>(() => undefined))
  await next.stop()
  expect(host.connections.at(-1)).toBe('stopped')
})

test('nothing is sent to a phone at the QR code after a restart, until it is connected', async () => {
  const clock = virtualClock()
  const { calls, make } = maytapi(answers({ ...ready, loggedIn: false }))
  const storage = memoryStorage({ clock })
  const shop = defineAgent({ name: 'shop', description: 'Says nothing.', respond: () => undefined })
  const begin = async () => {
    const transport = make()
    const bot = createBot({
      transports: [transport],
      storage,
      pipeline: createPipeline({ agents: [shop], clock }),
      clock,
    })
    await bot.start()
    return { transport, bot }
  }
  const before = await begin()
  await before.transport.webhook?.(told('qr-code'))
  await before.bot.send({ tenant: 'default', channel: 'main', chat }, { type: 'text', text: 'Your parcel is here.' })
  await clock.advance(60_000)
  // The first process is gone without a word; its successor has the same storage.
  const after = await begin()
  await clock.advance(600_000)
  const sends = () => calls.filter((call) => call.startsWith('POST'))
  expect(sends()).toEqual([])
  await after.transport.webhook?.(told('active'))
  await clock.advance(60_000)
  expect(sends()).toEqual(['POST /api/p/1/sendMessage'])
  for (const { bot } of [before, after]) await clock.finish(bot.stop())
})
