import type { InboundMessage, OutboundMessage } from '@wa-agent/core'
import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anna, annasLid, makeWorld, until, type World } from './test-world.ts'

const chromium = chromiumForTests('messages over WhatsApp Web')
const { signal } = new AbortController()
const bytes = Uint8Array.from({ length: 3000 }, (_, index) => index % 251)
const base64 = Buffer.from(bytes).toString('base64')
const ben = '15550003333@c.us'
const bensLid = '9003333@lid'

// One browser for all of it: the page as it is since July 2026, with ids that have no `_serialized`.
describe.skipIf(chromium === undefined)('over WhatsApp Web', { timeout: 60_000 }, () => {
  let world: World

  beforeAll(async () => {
    world = await makeWorld({
      web: { minifiedKey: true, rawSerialize: true, autoAck: 1 },
      transport: { groups: true, markSeen: true, typing: {}, ackTimeoutMs: 10_000 },
    })
    world.web.addContact({ phone: ben, lid: bensLid, pushname: 'Ben' })
    await world.connect()
  }, 60_000)

  afterAll(async () => {
    const lines = world?.lines.map(({ line, fields }) => ({ line, fields }))
    expect(lines).toContainEqual({ line: 'the ids of messages are repaired', fields: {} })
    expect(lines).toContainEqual({ line: 'WhatsApp Web is ready', fields: { choosesIds: true } })
    expect(world?.lines.filter(({ level }) => level === 'error')).toEqual([])
    await world?.[Symbol.asyncDispose]()
  }, 60_000)

  async function heard(id: string): Promise<InboundMessage> {
    await until(() => world.host.received.some((message) => message.id === id))
    return world.host.received.find((message) => message.id === id) as InboundMessage
  }

  test('everything that a customer can send comes in', async () => {
    const { web } = world
    const image = { bytes, mimeType: 'image/jpeg' }
    const card = 'BEGIN:VCARD\nVERSION:3.0\nFN:Cara\nTEL;waid=15550004444:+1 555 000 4444\nEND:VCARD'
    const text = web.receive({ chat: anna, text: 'Hello' })
    const said = {
      reply: web.receive({ chat: anna, text: 'Again', quotes: text }),
      image: web.receive({ chat: anna, media: image, text: 'Look' }),
      voice: web.receive({ chat: anna, type: 'ptt', media: { bytes, mimeType: 'audio/ogg; codecs=opus' } }),
      document: web.receive({ chat: anna, media: { bytes, mimeType: 'application/pdf', fileName: 'order.pdf' } }),
      sticker: web.receive({ chat: anna, type: 'sticker', media: { bytes, mimeType: 'image/webp' } }),
      place: web.receive({
        chat: anna,
        location: { latitude: 52.5, longitude: 13.4, name: 'Shop', address: 'Main St 1' },
      }),
      card: web.receive({ chat: anna, vcards: [card] }),
      poll: web.receive({ chat: anna, poll: { name: 'Which?', options: ['A', 'B'] } }),
    }
    expect(await heard(text)).toMatchObject({
      type: 'text',
      chat: anna,
      text: 'Hello',
      fromMe: false,
      from: {
        id: anna,
        name: 'Anna',
        aliases: [
          { kind: 'phone', value: anna },
          { kind: 'lid', value: annasLid },
        ],
      },
    })
    expect(await heard(said.reply)).toMatchObject({ replyTo: { id: text } })
    expect(await heard(said.image)).toMatchObject({ type: 'image', caption: 'Look', media: { mimeType: 'image/jpeg' } })
    expect(await heard(said.voice)).toMatchObject({ type: 'audio', voice: true })
    expect(await heard(said.document)).toMatchObject({ media: { fileName: 'order.pdf', sizeBytes: 3000 } })
    expect(await heard(said.sticker)).toMatchObject({ type: 'sticker' })
    expect(await heard(said.place)).toMatchObject({
      type: 'location',
      latitude: 52.5,
      name: 'Shop',
      address: 'Main St 1',
    })
    expect(await heard(said.card)).toMatchObject({ contacts: [{ name: 'Cara', phones: ['+1 555 000 4444'] }] })
    expect(await heard(said.poll)).toMatchObject({ type: 'unsupported', originalType: 'poll_creation' })
    web.react(text, '👍')
    await until(() => world.host.received.some(({ type }) => type === 'reaction'))
    expect(world.host.received.at(-1)).toMatchObject({
      type: 'reaction',
      chat: anna,
      emoji: '👍',
      to: text,
      from: { id: anna },
    })
    const ids = world.host.received.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('a file is fetched when it is opened, and said to be gone where it is', async () => {
    const { web, transport } = world
    const message = await heard(web.receive({ chat: anna, media: { bytes, mimeType: 'image/png' } }))
    if (message.type !== 'image') throw new Error('Expected an image.')
    const stream = await transport.openMedia(message.media, { signal })
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(bytes)
    web.switches.mediaMissing = true
    const later = await heard(web.receive({ chat: anna, media: { bytes, mimeType: 'image/png' } }))
    if (later.type !== 'image') throw new Error('Expected an image.')
    const gone = { code: 'media_unavailable', retryable: false }
    await expect(transport.openMedia(later.media, { signal })).rejects.toMatchObject(gone)
    web.switches.mediaMissing = false
    const unknown = { reference: `false_${anna}_3A00` }
    await expect(transport.openMedia(unknown, { signal })).rejects.toMatchObject(gone)
    const large = { ...message.media, sizeBytes: 2 ** 40 }
    await expect(transport.openMedia(large, { signal })).rejects.toMatchObject({ code: 'media_too_large' })
  })

  test('somebody who is known by a LID is named by both ids, and is written to by either', async () => {
    const { web } = world
    const message = await heard(web.receive({ chat: bensLid, text: 'Hi' }))
    const aliases = [
      { kind: 'phone', value: ben },
      { kind: 'lid', value: bensLid },
    ]
    expect(message).toMatchObject({ chat: bensLid, from: { id: bensLid, aliases } })
    web.switches.siblingSends = true
    expect(await world.send({ id: 'lid-1', chat: bensLid })).toMatchObject({ status: 'sent' })
    web.switches.siblingSends = false
    expect(await world.send({ id: 'lid-2', chat: ben })).toMatchObject({ status: 'sent' })
    const find = (id: string, chat: string) =>
      world.transport.find({ id, chat, message: { type: 'text', text: '' }, inReplyTo: [], attempt: 1 }, { signal })
    expect(await find('lid-1', bensLid)).toMatchObject({ status: 'sent' })
    expect(await find('lid-2', ben)).toMatchObject({ status: 'sent' })
  })

  test('groups come in with their author, and are written to', async () => {
    const { web } = world
    const group = web.addGroup({ id: '1203@g.us', name: 'Club', members: [anna, ben] })
    const first = web.receive({ chat: group, author: ben, text: 'Hi all' })
    expect(await heard(first)).toMatchObject({ chat: group, isGroup: true, from: { id: ben, name: 'Ben' } })
    const message: OutboundMessage = { type: 'text', text: 'Welcome', replyTo: { id: first } }
    expect(await world.send({ id: 'g1', chat: group, message })).toMatchObject({ status: 'sent' })
    expect(await web.nextSent(({ chat }) => chat === group)).toMatchObject({ text: 'Welcome', quotedId: first })
  })

  test('everything that WhatsApp Web can send goes out', async () => {
    const { web, send } = world
    const asked = await heard(web.receive({ chat: anna, text: 'Show me' }))
    const media = { base64, mimeType: 'image/png', fileName: 'a.png' }
    const contacts = ['Cara', 'Dan'].map((name) => ({ name, phones: ['+15550004444'], emails: [] }))
    const messages: readonly (readonly [OutboundMessage, object])[] = [
      [
        { type: 'text', text: 'BEGIN:VCARD is a text', replyTo: { id: asked.id } },
        { type: 'chat', quotedId: asked.id },
      ],
      [
        { type: 'image', media, caption: 'Look' },
        { type: 'image', text: 'Look', media: { mimeType: 'image/png' } },
      ],
      [
        { type: 'document', media, caption: 'Doc' },
        { type: 'document', media: { fileName: 'a.png' } },
      ],
      [{ type: 'audio', media: { base64, mimeType: 'audio/ogg' }, voice: true }, { type: 'ptt' }],
      [{ type: 'video', media: { base64, mimeType: 'video/mp4' } }, { type: 'video' }],
      [{ type: 'sticker', media: { base64, mimeType: 'image/webp' } }, { type: 'sticker' }],
      [
        { type: 'location', latitude: 52.5, longitude: 13.4, name: 'Shop' },
        { location: { latitude: 52.5, description: 'Shop' } },
      ],
      [{ type: 'contacts', contacts: contacts.slice(0, 1) }, { type: 'vcard' }],
      [
        { type: 'contacts', contacts },
        { type: 'multi_vcard', vcards: { length: 2 } },
      ],
      [
        { type: 'reaction', emoji: '👍', to: asked.id },
        { type: 'reaction', text: '👍', id: asked.id },
      ],
    ]
    for (const [index, [message, expected]] of messages.entries()) {
      expect(await send({ id: `out-${index}`, message })).toMatchObject({ status: 'sent' })
      expect(web.sent.at(-1)).toMatchObject({ chat: anna, ...expected })
    }
    expect(web.sent.find(({ type }) => type === 'image')?.media?.bytes).toEqual(Buffer.from(bytes))
    const template: OutboundMessage = { type: 'template', name: 'hello', language: 'en', parameters: [] }
    expect(await send({ id: 'template', message: template })).toMatchObject({ status: 'failed', retryable: false })
    const missing: OutboundMessage = { type: 'image', media: { path: '/not/there.png' } }
    expect(await send({ id: 'missing', message: missing })).toMatchObject({ status: 'failed', retryable: false })
  })

  test('the customer sees that it was read and that somebody writes', async () => {
    const { web, send } = world
    const before = web.activity.length
    await send({ id: 'human', inReplyTo: ['m1'] })
    const seen = web.activity.slice(before).filter(({ type }) => ['seen', 'typing'].includes(type))
    expect(seen).toMatchObject([
      { type: 'seen', chat: anna },
      { type: 'typing', chat: anna },
    ])
  })

  test('acks become statuses of our reply', async () => {
    const { web, host, send } = world
    const result = await send({ id: 'acked' })
    if (result.status !== 'sent' || result.providerId === undefined) throw new Error('Expected it to be sent.')
    const { providerId } = result
    web.ack(providerId, 2)
    web.ack(providerId, 3)
    const tracked = () => host.tracked.filter((update) => update.providerId === providerId)
    await until(() => tracked().length === 3)
    expect(tracked()).toMatchObject(['sent', 'delivered', 'read'].map((status) => ({ status, replyId: 'acked' })))
  })

  test('our own echo is filtered, what the owner writes comes in', async () => {
    const { web, host, send } = world
    await send({ id: 'mine' })
    const owner = web.ownerWrites({ chat: anna, text: 'I take over' })
    expect(await heard(owner)).toMatchObject({ fromMe: true, chat: anna, from: { id: '15550001111@c.us' } })
    expect(host.received.filter(({ fromMe }) => fromMe)).toHaveLength(1)
    // The same out of the history, where nothing is remembered of what was sent.
    await world.transport.catchUp({ sinceMs: 0, signal })
    const own = host.received.filter(({ fromMe }) => fromMe).map(({ id }) => id)
    expect(new Set(own)).toEqual(new Set([owner]))
  })

  test('what the library cannot read is fetched like everything else', async () => {
    const { web, transport, host } = world
    const chat = '15550007777@c.us'
    const unread = { chat, isNew: false, unread: false }
    // As after a change of the page: the library expects something else there.
    const odd = web.receive({ ...unread, text: 'Do you deliver?', attributes: { buttons: [{}] } })
    const next = web.receive({ ...unread, text: 'Hello?' })
    // The page hears of them in its own time.
    await until(async () => {
      await transport.catchUp({ sinceMs: 0, signal })
      return host.received.some(({ id }) => id === next)
    })
    expect(await heard(odd)).toMatchObject({ type: 'text', text: 'Do you deliver?', chat, fromMe: false })
    expect(await heard(next)).toMatchObject({ text: 'Hello?' })
  })

  test('the same reply goes out once, however often it is tried', async () => {
    const { web, send } = world
    const before = web.sent.length
    const first = await send({ id: 'twice' })
    expect(await send({ id: 'twice', attempt: 2 })).toEqual(first)
    expect(web.sent.length).toBe(before + 1)
  })

  test('what WhatsApp refuses is tried again under another id', async () => {
    const { web, host, send } = world
    web.autoAck = 0
    const sending = send({ id: 'refused' })
    const { id } = await web.nextSent(({ text }) => text === 'text of refused')
    web.ack(id, -1)
    expect(await sending).toEqual({ status: 'failed', retryable: true, reason: 'WhatsApp did not take it' })
    web.autoAck = 1
    const again = await send({ id: 'refused', attempt: 2 })
    expect(again).toMatchObject({ status: 'sent' })
    expect(again).not.toMatchObject({ providerId: id })
    expect(host.tracked.filter(({ status }) => status === 'failed')).toEqual([])
  })

  test('what cannot be sent fails for good, and says why', async () => {
    const { web, send } = world
    web.switches.unknownNumber = true
    const nobody = await send({ id: 'nobody', chat: '15559999999@c.us' })
    expect(nobody).toEqual({ status: 'failed', retryable: false, reason: 'No LID for user' })
    web.switches.unknownNumber = false
    const malformed = await send({ id: 'malformed', chat: 'nobody' })
    expect(malformed).toMatchObject({
      status: 'failed',
      retryable: false,
      reason: expect.stringMatching(/invalid wid/),
    })
  })

  test('what WhatsApp does not accept in time is uncertain; the chat tells later', async () => {
    const { web, send, transport } = world
    const find = (id: string) =>
      transport.find(
        { id, chat: anna, message: { type: 'text', text: `text of ${id}` }, inReplyTo: [], attempt: 1 },
        { signal },
      )
    web.switches.sendStalls = true
    expect(await send({ id: 'stalled' })).toMatchObject({ status: 'uncertain' })
    expect(await find('stalled')).toEqual({ status: 'unknown' })
    web.switches.sendStalls = false
    await web.nextSent(({ text }) => text === 'text of stalled')
    await until(async () => (await find('stalled')).status === 'sent')
    web.switches.sendsVanish = true
    expect(await send({ id: 'vanished' })).toMatchObject({ status: 'uncertain' })
    web.switches.sendsVanish = false
    expect(await find('vanished')).toEqual({ status: 'unknown' })
    expect(await find('never')).toEqual({ status: 'absent' })
  })
})
