import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { ask, brain, finish, startCloud } from './world.ts'

test('files go to the desktop one at a time, and words beside them', async () => {
  const clock = virtualClock()
  await using cloud = await startCloud({ clock, pipeline: brain(clock).pipeline })
  const { port, apiKey: key, bot } = cloud
  const root = '/api/desktop-agent'
  const registered = await finish(clock, ask(port, `${root}/register`, { key, json: { tenantId: 'shop' } }))
  const { session } = (await registered.json()) as { session: string }
  const picture = { type: 'image', media: { base64: 'aGk=', mimeType: 'image/jpeg' } } as const
  const there = (chat: string) => ({ tenant: 'shop', channel: 'desktop', chat })
  for (let n = 0; n < 5; n += 1) await bot.send(there(`customer ${n}`), picture, { id: `picture ${n}` })
  await bot.send(there('anna'), { type: 'text', text: 'words' }, { id: 'words' })

  const taken: string[] = []
  while (taken.length < 6) {
    const query = `tenantId=shop&session=${session}&wait=5`
    const response = await finish(clock, ask(port, `${root}/outbound?${query}`, { key }))
    const { events } = (await response.json()) as { events: { id: string; message: { type: string } }[] }
    expect(events.filter(({ message }) => message.type === 'image').length).toBeLessThan(2)
    const ids = events.map(({ id }) => id)
    taken.push(...ids)
    await finish(clock, ask(port, `${root}/ack`, { key, json: { tenantId: 'shop', session, ids } }))
  }
  expect(taken.toSorted()).toEqual([0, 1, 2, 3, 4].map((n) => `picture ${n}`).concat('words'))
  expect(await bot.deadLetters.list()).toEqual([])
})
