import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Accepted, checkAnswers, replyOf } from './checks.ts'
import { post, webhookOf } from './post.ts'
import { allProviders, keptAs, type Provider, providers, type Said, type TransportName } from './providers.ts'
import { isIdle, readRecords } from './records.ts'
import { credentials, environmentOf, secrets } from './settings.ts'
import { type Sent, type Sink, startSink } from './sink.ts'
import { until } from './until.ts'
import { startWorker, type Worker } from './worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-worker-'))
const database = join(folder, 'worker.db')
const accepted: Accepted[] = []
let sink: Sink
let worker: Worker
let logs = ''
let lastId = 0

beforeAll(async () => {
  sink = await startSink()
  worker = await startWorker(environmentOf(sink.url, database))
})

afterAll(async () => {
  await worker?.[Symbol.asyncDispose]()
  await sink?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function say(from: string, text: string, choice?: string): Said {
  lastId += 1
  const id = `5a1d${String(lastId).padStart(28, '0')}`
  return { id, from, text, ...(choice === undefined ? {} : { choice }) }
}

function accept({ name: channel }: Provider, said: readonly Said[]): void {
  accepted.push(...said.map((one) => ({ channel, ...keptAs(channel, one) })))
}

/** Delivers what was said, once for each time in `times`, and remembers it. */
async function deliver(provider: Provider, said: readonly Said[], times = 1): Promise<void> {
  for (const json of provider.inbound(said)) {
    for (let time = 0; time < times; time += 1) expect(await post(worker.url, webhookOf(provider, json))).toBe(200)
  }
  accept(provider, said)
}

/** Says one thing and waits for what is answered to it. */
async function ask(provider: Provider, said: Said): Promise<Sent> {
  const before = sink.sent.length
  await deliver(provider, [said])
  await until(`an answer at ${provider.name}`, () => sink.sent.slice(before).some((one) => isTo(one, said)))
  const answer = sink.sent.slice(before).find((one) => isTo(one, said))
  if (!answer) throw new Error('There is no answer.')
  return answer
}

const isTo = ({ to }: Sent, { from }: Said) => to.replace(/\D/g, '') === from

describe('addresses and signatures', () => {
  const webhook = (query: string) => fetch(`${worker.url}/webhooks/cloud-api/main?${query}`)

  test('the challenge of Meta is answered to whoever knows the word', async () => {
    const query = `hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=`
    const right = await webhook(query + credentials.verifyToken)
    expect([right.status, await right.text()]).toEqual([200, '1158201444'])
    const wrong = await webhook(`${query}another`)
    expect(wrong.status).toBe(403)
    expect(await wrong.text()).not.toContain('1158201444')
  })

  test.each(allProviders)('what is not proven to be of $name is refused, and nothing is kept', async (provider) => {
    const [json] = provider.inbound([{ id: 'forged', from: '4915550009999', text: 'menu' }])
    const good = webhookOf(provider, json ?? {})
    const unsigned = { ...good, path: good.path.split('?')[0] ?? '', headers: { 'content-type': 'application/json' } }
    const headers = Object.fromEntries(
      Object.entries(good.headers).map(([name, value]) => [name, value.replace(/[0-9a-f]{4}$/, '0000')]),
    )
    const forged = { ...good, path: good.path.replace(/[0-9a-f]{4}$/, '0000'), headers }
    expect([await post(worker.url, unsigned), await post(worker.url, forged)]).toEqual([401, 401])
    expect(readRecords(database).messages).toEqual([])
  })

  test('the worker is alive and ready', async () => {
    const ready = await fetch(`${worker.url}/ready`)
    const connected = { connected: 1 }
    const channels = { 'cloud-api': connected, maytapi: connected, aisensy: connected, spoki: connected }
    expect(await ready.json()).toMatchObject({ status: 'ready', checks: { transports: channels } })
    expect((await fetch(`${worker.url}/health`)).status).toBe(200)
  })
})

describe('a conversation with the shop', () => {
  const menus: Record<TransportName, unknown> = {
    'cloud-api': { type: 'interactive', interactive: { type: 'list', action: { button: 'Menu' } } },
    aisensy: { type: 'interactive', interactive: { type: 'list', action: { button: 'Menu' } } },
    spoki: { type: 'Message', content_type: 'List', list: { title: 'Menu' } },
    // It has no lists.
    maytapi: { type: 'text', message: expect.stringMatching(/1\. Order something[\s\S]*6\. Talk to a person/) },
  }

  test.each(allProviders)('at $name: the menu, a choice, a question', async (provider) => {
    const from = '919999900011'
    const menu = await ask(provider, say(from, 'menu'))
    expect(menu.body).toMatchObject(menus[provider.name] as object)
    const choice = provider.name === 'maytapi' ? say(from, '5') : say(from, 'Opening hours', 'menu:hours')
    expect(JSON.stringify((await ask(provider, choice)).body)).toMatch(/open/i)
    expect(JSON.stringify((await ask(provider, say(from, 'do you have boxes?'))).body)).toMatch(/box/i)
  })
})

const questions = ['do you have boxes?', 'what are your opening hours?', 'how much is delivery?', 'hello']
const question = (index: number) => questions[index % questions.length] ?? ''

describe('much at once', () => {
  test('a thousand messages in one webhook, most of them the same, are answered once each', async () => {
    const said = Array.from({ length: 100 }, (_, index) => say(`4915550${1000 + (index % 25)}`, question(index)))
    const [json] = providers['cloud-api'].inbound(Array.from({ length: 10 }, () => said).flat())
    sink.throttle = 2
    expect(await post(worker.url, webhookOf(providers['cloud-api'], json ?? {}))).toBe(200)
    accept(providers['cloud-api'], said)
    await until('all are answered', () => isIdle(database))
  })

  test.each(allProviders)('$name delivers again what was answered already', async (provider) => {
    const chats = provider.name === 'spoki' ? 2 : 8
    const lanes = Array.from({ length: chats }, async (_, chat) => {
      for (let index = 0; index < 3; index += 1) {
        await deliver(provider, [say(`9199999001${20 + chat}`, question(index))], 1 + ((chat + index) % 3))
      }
    })
    await Promise.all(lanes)
    await until('all are answered', () => isIdle(database))
  })

  test('what AiSensy tells under two topics is answered once', async () => {
    const said = say('919999900011', question(1))
    const [json = {}] = providers.aisensy.inbound([said])
    for (const topic of ['message.created', 'message.sender.user']) {
      const id = `691af634${topic.length}`
      expect(await post(worker.url, webhookOf(providers.aisensy, { ...json, id, topic }))).toBe(200)
    }
    accept(providers.aisensy, [said])
    await until('it is answered', () => isIdle(database))
  })

  test('a provider that does not wait for the answer delivers again, and it is answered once', async () => {
    const provider = providers['cloud-api']
    const impatient = Array.from({ length: 20 }, async (_, index) => {
      const said = [say(`4915550${4000 + index}`, question(index))]
      const [json] = provider.inbound(said)
      const webhook = webhookOf(provider, json ?? {})
      for (let patienceMs = 1; ; patienceMs *= 2) {
        if ((await post(worker.url, webhook, patienceMs).catch(() => 0)) === 200) break
      }
      accept(provider, said)
    })
    await Promise.all(impatient)
    await until('all are answered', () => isIdle(database))
  })

  test('a provider that answers slowly slows no webhook down', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    sink.beforeAnswer = () => held
    const startedAtMs = performance.now()
    for (let index = 0; index < 20; index += 1) {
      await deliver(providers['cloud-api'], [say(`4915550${2000 + index}`, question(index))])
    }
    expect(performance.now() - startedAtMs).toBeLessThan(5000)
    release()
    sink.beforeAnswer = undefined
    await until('all are answered', () => isIdle(database))
  })
})

test.each([providers.maytapi, providers.aisensy])(
  'what $name sends back of our own replies silences nobody',
  async (provider) => {
    const texts = sink.sent.filter(({ provider: name, body }) => name === provider.name && body['type'] === 'text')
    expect(texts.length).toBeGreaterThan(10)
    for (const json of texts.flatMap((one) => provider.echo?.(one) ?? [])) {
      expect(await post(worker.url, webhookOf(provider, json))).toBe(200)
    }
    const kept = readRecords(database).messages.filter(({ channel }) => channel === provider.name)
    expect(kept).toHaveLength(accepted.filter(({ channel }) => channel === provider.name).length)
    await ask(provider, say('919999900011', 'hello'))
  },
)

test('statuses arrive in any order and only move forward', async () => {
  const fates = [
    ['delivered', 2],
    ['read', 3],
    ['failed', 1],
  ] as const
  const expected = new Map<string, number>()
  for (const provider of allProviders) {
    const mine = sink.sent.filter((one) => one.provider === provider.name)
    for (const [index, [fate, delivery]] of fates.entries()) {
      const some = mine.filter((_, place) => place % fates.length === index)
      const all = fate === 'failed' ? [fate] : ([fate, 'sent', 'delivered', fate] as const)
      for (const one of all) {
        for (const json of provider.statuses(some, one)) {
          expect(await post(worker.url, webhookOf(provider, json))).toBe(200)
        }
      }
      for (const { providerId } of some) expected.set(providerId, delivery)
    }
  }
  const { replies } = readRecords(database)
  const found = sink.sent.map((one) => [one.providerId, replyOf(one, replies).delivery] as const)
  expect(new Map(found)).toEqual(expected)
})

test('a thousand statuses in one webhook are taken, also those of messages that are not ours', async () => {
  const mine = sink.sent.filter(({ provider }) => provider === 'cloud-api')
  const others = Array.from(
    { length: 1000 - mine.length },
    (_, index) =>
      ({
        provider: 'cloud-api',
        to: '491555',
        providerId: `wamid.other-${index}`,
        echoId: '',
        replyId: undefined,
        body: {},
      }) as const,
  )
  const [json] = providers['cloud-api'].statuses([...others, ...mine], 'sent')
  expect(await post(worker.url, webhookOf(providers['cloud-api'], json ?? {}))).toBe(200)
})

test('what comes while the worker is stopped in the middle of its work is delivered again, and answered', async () => {
  const provider = providers['cloud-api']
  const said = Array.from({ length: 60 }, (_, index) => say(`4915550${3000 + (index % 12)}`, question(index)))
  const statuses = new Map<number | string, number>()
  let restarted: Promise<unknown> | undefined
  const lanes = Array.from({ length: 12 }, async (_, lane) => {
    for (const one of said.filter((_, index) => index % 12 === lane)) {
      if (one === said[18]) restarted = restart()
      const webhook = webhookOf(provider, provider.inbound([one])[0] ?? {})
      for (let isDone = false; !isDone; ) {
        const status = await post(worker.url, webhook).catch(() => 'no answer')
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        isDone = status === 200
        if (!isDone) await restarted
      }
      accept(provider, [one])
    }
  })
  await Promise.all(lanes)
  expect([...statuses.keys()].every((status) => status === 200 || status === 503 || status === 'no answer')).toBe(true)
  await until('all are answered', () => isIdle(database))
})

async function restart(): Promise<void> {
  const { code, stdout, stderr } = await worker.stop()
  logs += stdout
  expect([code, stderr]).toEqual([0, ''])
  worker = await startWorker(environmentOf(sink.url, database))
}

test('all in all every message was answered once, in the order of its chat', async () => {
  const { code, stdout, stderr } = await worker.stop()
  logs += stdout
  expect([code, stderr]).toEqual([0, ''])
  expect(sink.refused).toEqual([])
  checkAnswers(database, { accepted, sent: sink.sent })
})

test('the log tells what happened, and neither who wrote nor what', () => {
  for (const words of [
    '"reply delivered"',
    '"reply read"',
    '"reply failed"',
    '"turn committed"',
    '"webhook refused"',
  ]) {
    expect(logs).toContain(words)
  }
  const forbidden = [...secrets, ...questions, 'Opening hours', '919999900011', '4915550100', '4915550009999']
  for (const words of forbidden) expect(logs.split('\n').filter((line) => line.includes(words))).toEqual([])
})
