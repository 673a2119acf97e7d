import type { InboundMessageInput } from '@wa-agent/core'
import { type RecordingHost, recordingHost } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { parseMetaWebhook } from './parse-webhook.ts'
import { Recipients } from './recipients.ts'

const [phone, newPhone, bsuid, newBsuid] = ['16505551234', '16505557777', 'US.1349', 'US.2349']

function read(...messages: readonly object[]): readonly InboundMessageInput[] {
  const complete = messages.map((message, index) => ({
    id: `m${index}`,
    type: 'text',
    text: { body: 'hi' },
    ...message,
  }))
  const changes = [{ field: 'messages', value: { messages: complete } }]
  return parseMetaWebhook({ entry: [{ changes }] }, { nowMs: 0 }).messages
}

async function after(...messages: readonly object[]) {
  const host = recordingHost()
  const recipients = new Recipients()
  await recipients.learn(read(...messages), host)
  return (chat: string, ...inReplyTo: string[]) => recipients.of({ chat, inReplyTo }, host)
}

const changed = {
  type: 'system',
  from: phone,
  from_user_id: bsuid,
  system: { type: 'user_changed_number', wa_id: newPhone, user_id: newBsuid, previous_user_id: bsuid },
}

describe('whom a reply goes to', () => {
  test('is the id of the conversation where nothing else is known', async () => {
    expect(await new Recipients().of({ chat: bsuid, inReplyTo: [] }, undefined)).toBe(bsuid)
    const of = await after({ from_user_id: bsuid })
    expect(await of(bsuid)).toBe(bsuid)
  })

  test('is the phone number once it is known, also where the next message comes without it', async () => {
    const of = await after({ from_user_id: bsuid }, { from: phone, from_user_id: bsuid }, { from_user_id: bsuid })
    expect(await of(bsuid)).toBe(phone)
    expect(await of(bsuid, 'm2')).toBe(phone)
  })

  test('is the new number of who has changed it, under whichever id the conversation began', async () => {
    const of = await after({ from: phone, from_user_id: bsuid }, changed)
    for (const chat of [phone, bsuid, newPhone, newBsuid]) expect(await of(chat)).toBe(newPhone)
  })

  test('is the new number also after a restart, and in another process', async () => {
    const host = recordingHost()
    await new Recipients().learn(read({ from: phone, from_user_id: bsuid }, changed), host)
    const again = { from: newPhone, from_user_id: newBsuid, type: 'system', system: { wa_id: '491', user_id: 'DE.1' } }
    await new Recipients().learn(read(again), host)
    for (const chat of [phone, bsuid]) expect(await new Recipients().of({ chat, inReplyTo: [] }, host)).toBe('491')
  })

  test('is the first number again of who goes back to it', async () => {
    const host = recordingHost()
    const back = { from: newPhone, from_user_id: newBsuid, type: 'system', system: { wa_id: phone, user_id: bsuid } }
    await new Recipients().learn(read(changed, back), host)
    for (const chat of [phone, newPhone]) expect(await new Recipients().of({ chat, inReplyTo: [] }, host)).toBe(phone)
  })

  const givenUp = { ...changed, timestamp: '100' }
  const afterRestart = (host: RecordingHost) => new Recipients().of({ chat: phone, inReplyTo: [] }, host)

  test('is whoever has a number that was given up, also after a restart', async () => {
    const host = recordingHost()
    await new Recipients().learn(read(givenUp), host)
    await new Recipients().learn(read({ from: phone, from_user_id: 'US.9', timestamp: '101' }), host)
    expect(await afterRestart(host)).toBe(phone)
  })

  test('is not changed by what was written from the number before it was given up, nor by the business-scoped id', async () => {
    const host = recordingHost()
    await new Recipients().learn(read(givenUp), host)
    const late = { from: phone, from_user_id: bsuid, timestamp: '99' }
    await new Recipients().learn(read(late, { from_user_id: newBsuid, timestamp: '101' }), host)
    for (const chat of [phone, newBsuid]) {
      expect(await new Recipients().of({ chat, inReplyTo: [] }, host)).toBe(newPhone)
    }
  })

  test('is read from what an older version recorded', async () => {
    const host = recordingHost()
    await host.records.set(`recipient.${phone}`, newPhone)
    expect(await afterRestart(host)).toBe(newPhone)
    await new Recipients().learn(read({ from: phone, timestamp: '1' }), host)
    expect(await afterRestart(host)).toBe(phone)
  })

  test('is not guessed while the storage is away', async () => {
    const records = { get: () => Promise.reject(new Error('away')), set: async () => {} }
    const sending = new Recipients().of({ chat: phone, inReplyTo: [] }, { records })
    await expect(sending).rejects.toMatchObject({ code: 'send_failed', retryable: true })
  })

  test('is the new id of who has changed it, and then the number', async () => {
    const notice = { type: 'system', from_user_id: bsuid, system: { user_id: newBsuid, previous_user_id: bsuid } }
    const unknown = await after({ from_user_id: bsuid }, notice)
    expect(await unknown(bsuid)).toBe(newBsuid)
    const known = await after({ from_user_id: bsuid }, notice, { from: newPhone, from_user_id: newBsuid })
    expect(await known(bsuid)).toBe(newPhone)
  })

  test('is whoever has a number that was given up, in an answer to a message from it', async () => {
    const of = await after(changed, { from: phone, from_user_id: 'US.9' })
    expect(await of(phone, 'm1')).toBe(phone)
  })

  test('is the group in a group', async () => {
    const group = 'Y2FwaV9ncm91cDox'
    const of = await after({ from: phone, group_id: group })
    expect(await of(group, 'm0')).toBe(group)
  })

  test('is found however many others wrote since, up to a bound', async () => {
    const host = recordingHost()
    const recipients = new Recipients()
    const writes = (from: number, count: number) =>
      recipients.learn(
        read(
          ...Array.from({ length: count }, (_, index) => ({ id: `o${from + index}`, from: `${49e5 + from + index}` })),
        ),
        host,
      )
    await recipients.learn(read({ from: phone, from_user_id: bsuid }), host)
    await writes(0, 19_000)
    expect(await recipients.of({ chat: bsuid, inReplyTo: [] }, host)).toBe(phone)
    await writes(19_000, 21_000)
    expect(await recipients.of({ chat: bsuid, inReplyTo: [] }, host)).toBe(bsuid)
  })
})

describe('a notice', () => {
  test('joins all ids that it names, and is written by nobody', () => {
    const [notice] = read(changed)
    expect(notice).toMatchObject({ chat: phone, automated: true, from: { id: newPhone } })
    expect(notice?.from.aliases?.map(({ value }) => value)).toEqual([newPhone, phone, newBsuid, bsuid])
  })

  test.each<[string, object]>([
    ['that names no new id', { system: { type: 'customer_identity_changed', wa_id: phone } }],
    ['that names no former one', { from: undefined, from_user_id: undefined, system: { wa_id: newPhone } }],
    ['that cannot be read', { system: 'changed' }],
  ])('%s is left out', (_, fields) => {
    expect(read({ ...changed, ...fields })).toEqual([])
  })
})
