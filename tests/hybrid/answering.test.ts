import { memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { ask, brain, finish, startCloud, startHybrid, until } from './world.ts'

const path = '/api/desktop-agent/process-message'

describe('a desktop', () => {
  test('gets its answers from the agents in the cloud', async () => {
    await using world = await startHybrid()
    const anna = world.desktop.whatsApp.customer('anna')
    anna.says('hello', { id: 'm1' })
    await until(world.clock, () => anna.texts.length === 1)
    expect(anna.texts).toEqual(['answer to hello'])
    expect(world.mind.asked).toEqual(['m1'])
    expect(world.desktop.pipeline.state).toBe('reachable')
  })

  test('shows several replies, and choices as it can: by number where it has no buttons', async () => {
    const clock = virtualClock()
    const whatsApp = simulatedWhatsApp({ clock, capabilities: { maxButtons: 0, maxListRows: 0 } })
    await using world = await startHybrid({ clock, desktop: { whatsApp } })
    const anna = whatsApp.customer('anna')
    anna.says('menu', { id: 'm1' })
    await until(clock, () => anna.texts.length === 2)
    expect(anna.texts[1]).toMatch(/Which one\?\s+1\. Small\s+2\. Large/)
    anna.says('2', { id: 'm2' })
    await until(clock, () => anna.texts.length === 3)
    // The cloud knows what "2" stands for.
    expect(anna.texts[2]).toBe('answer to Large')
    expect(world.mind.asked).toEqual(['m1', 'm2'])
  })

  test('shows buttons where its transport has them', async () => {
    await using world = await startHybrid()
    const anna = world.desktop.whatsApp.customer('anna')
    await until(world.clock, () => world.cloud.transport.capabilities.maxButtons === 3)
    anna.says('menu', { id: 'm1' })
    await until(world.clock, () => anna.received.length === 2)
    expect(anna.received[1]?.message).toMatchObject({
      type: 'buttons',
      buttons: [{ title: 'Small' }, { title: 'Large' }],
    })
  })

  test('sends a burst as one turn and keeps its order', async () => {
    await using world = await startHybrid()
    const anna = world.desktop.whatsApp.customer('anna')
    anna.burst([
      { type: 'text', text: 'one', id: 'm1' },
      { type: 'text', text: 'two', id: 'm2' },
    ])
    await until(world.clock, () => anna.texts.length > 0)
    expect(world.mind.asked).toEqual(['m1', 'm2'])
    const bodies = world.network.passed.filter((one) => one.path === path).map(({ body }) => JSON.parse(body))
    expect(bodies.map(({ messages }) => messages.map(({ id }: { id: string }) => id))).toEqual([['m1', 'm2']])
  })

  test('lets only text and metadata leave the PC', async () => {
    await using world = await startHybrid()
    const anna = world.desktop.whatsApp.customer('anna')
    const bytes = Buffer.from('private picture')
    anna.sendsFile({ type: 'image', bytes, caption: 'my receipt', fileName: 'receipt.jpg' })
    await until(world.clock, () => anna.texts.length === 1)
    expect(anna.texts).toEqual(['no file: media_unavailable'])
    const sent = world.network.passed.map(({ body }) => body).join('\n')
    expect(sent).toContain('my receipt')
    expect(sent).toContain('receipt.jpg')
    expect(sent).not.toContain(bytes.toString())
    expect(sent).not.toContain(bytes.toString('base64'))
    const { messages } = JSON.parse(world.network.passed.find((one) => one.path === path)?.body ?? '{}')
    expect(messages[0].media.reference).toBe(messages[0].id)
  })
})

describe('a person', () => {
  test('has the conversation on both sides when an agent hands over, until somebody releases it on the desktop', async () => {
    await using world = await startHybrid()
    const { clock, desktop, cloud } = world
    const anna = desktop.whatsApp.customer('anna')
    anna.says('a human please', { id: 'm1' })
    await until(clock, () => world.mind.asked.length === 1)
    const here = { tenant: 'default', channel: 'default', chat: 'anna' }
    const there = { tenant: 'shop', channel: 'desktop', chat: 'anna' }
    await until(clock, async () => (await desktop.bot.answers(here, [])).handoff !== undefined)
    anna.says('are you there?', { id: 'm2' })
    await until(clock, async () => (await desktop.bot.answers(here, ['m2'])).messages[0]?.status === 'done')
    expect(anna.texts).toEqual([])

    await desktop.bot.release(here)
    anna.says('and now?', { id: 'm3' })
    await until(clock, () => anna.texts.length === 1)
    expect(anna.texts).toEqual(['answer to and now?'])
    expect((await cloud.bot.answers(there, [])).handoff).toBeUndefined()
  })

  test('who writes on the phone silences the agents in the cloud, too', async () => {
    await using world = await startHybrid()
    const { clock, desktop, cloud } = world
    const anna = desktop.whatsApp.customer('anna')
    desktop.whatsApp.owner.writes('anna', 'I take over')
    anna.says('thank you', { id: 'm1' })
    const there = { tenant: 'shop', channel: 'desktop', chat: 'anna' }
    await until(clock, async () => (await cloud.bot.answers(there, ['m1'])).messages[0]?.status === 'done')
    expect((await cloud.bot.answers(there, [])).handoff?.reason).toBe('the owner answered by hand')
    expect(world.mind.asked).toEqual([])
  })
})

describe('the original protocol', () => {
  const question = { tenantId: 'shop', from: '919876543210@c.us', message: 'I want boxes', timestamp: 1_767_225_600 }

  test('answers with the reply, and a retry without an id with the same one: the model is asked once', async () => {
    const clock = virtualClock()
    const mind = brain(clock)
    await using cloud = await startCloud({ clock, pipeline: mind.pipeline })
    const { port, apiKey: key } = cloud
    const first = await finish(clock, ask(port, path, { key, json: question }))
    expect(first.status).toBe(200)
    const body = await first.json()
    expect(body).toMatchObject({ reply: 'answer to I want boxes', status: 'answered', handoff: null, protocol: 1 })
    const again = await finish(clock, ask(port, path, { key, json: question }))
    expect(await again.json()).toEqual(body)
    const later = { ...question, timestamp: question.timestamp + 1 }
    await finish(clock, ask(port, path, { key, json: later }))
    expect(mind.asked).toHaveLength(2)
  })

  test('knows a moment by whatever it is written as', async () => {
    const clock = virtualClock()
    const mind = brain(clock)
    await using cloud = await startCloud({ clock, pipeline: mind.pipeline })
    const { timestamp } = question
    for (const same of [timestamp, timestamp * 1000, new Date(timestamp * 1000).toISOString()]) {
      const json = { ...question, timestamp: same }
      expect((await finish(clock, ask(cloud.port, path, { key: cloud.apiKey, json }))).status).toBe(200)
    }
    expect(mind.asked).toHaveLength(1)
  })

  test('does not take two files, or two people of a group, in one second for one message', async () => {
    const clock = virtualClock()
    const mind = brain(clock)
    await using cloud = await startCloud({ clock, pipeline: mind.pipeline })
    const file = { ...question, type: 'image', message: '' }
    const ok = { ...question, from: '1203@g.us', message: 'ok' }
    const all = [
      { ...file, metadata: { fileName: 'front.jpg' } },
      { ...file, metadata: { fileName: 'back.jpg' } },
      { ...ok, metadata: { author: 'anna' } },
      { ...ok, metadata: { author: 'bo' } },
    ]
    const ids = new Set<string>()
    for (const json of all) {
      const response = await finish(clock, ask(cloud.port, path, { key: cloud.apiKey, json }))
      const { messageIds } = (await response.json()) as { messageIds: string[] }
      for (const id of messageIds) ids.add(id)
    }
    expect(ids.size).toBe(4)
  })

  test('answers one id once, however many ask for it at the same time', async () => {
    const clock = virtualClock()
    const mind = brain(clock)
    await using cloud = await startCloud({ clock, pipeline: mind.pipeline })
    const json = { ...question, id: 'wamid-1', type: 'chat', metadata: { name: 'Anna' } }
    const asking = Array.from({ length: 20 }, async () =>
      (await ask(cloud.port, path, { key: cloud.apiKey, json })).json(),
    )
    const answers = await finish(clock, Promise.all(asking))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(mind.asked).toEqual(['wamid-1'])
  })

  test('says so where there is no answer yet, keeps the message, and has the answer later', async () => {
    const clock = virtualClock()
    const mind = brain(clock)
    let open = () => undefined as undefined
    mind.gate = new Promise((resolve) => {
      open = () => void resolve() as undefined
    })
    await using cloud = await startCloud({ clock, pipeline: mind.pipeline })
    const { port, apiKey: key } = cloud
    const early = await finish(clock, ask(port, path, { key, json: question }))
    expect([early.status, early.headers.get('retry-after')]).toEqual([504, '1'])
    open()
    const late = await finish(clock, ask(port, path, { key, json: question }))
    expect(await late.json()).toMatchObject({ reply: 'answer to I want boxes' })
    expect(mind.asked).toHaveLength(1)
  })

  test('apologises where no answer can be made', async () => {
    const clock = virtualClock()
    const storage = memoryStorage({ clock })
    const pipeline = { historyLimit: 0, run: () => Promise.reject(new Error('broken')) }
    await using cloud = await startCloud({ clock, pipeline, storage, bot: { retry: { maxAttempts: 1 } } })
    const response = await finish(clock, ask(cloud.port, path, { key: cloud.apiKey, json: question }))
    expect(await response.json()).toMatchObject({ status: 'dead', reply: expect.stringContaining('Sorry') })
  })

  test('leaves nothing behind in the outbox of a client that registers and never listens', async () => {
    const clock = virtualClock()
    await using cloud = await startCloud({ clock, pipeline: brain(clock).pipeline })
    const about = { tenantId: 'shop', phone: '919876543210', device: 'Office PC' }
    for (const what of ['register', 'heartbeat'])
      expect((await ask(cloud.port, `/api/desktop-agent/${what}`, { key: cloud.apiKey, json: about })).status).toBe(200)
    await finish(clock, ask(cloud.port, path, { key: cloud.apiKey, json: question }))
    await until(clock, async () => (await cloud.bot.stats()).pendingReplies === 0)
  })
})
