import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import webjs from 'whatsapp-web.js'
import { chromiumForTests, type SentMessage, startWhatsAppWeb, type WhatsAppWeb } from './index.ts'
import { clientOptions, EventLog, guardPipes, makeProfile, type TestProfile } from './test-browser.ts'

const { Client, LocalAuth, Location, MessageMedia, Poll } = webjs
const chromium = chromiumForTests('messages through the simulated WhatsApp Web')

const anna = '15550002222@c.us'
const bytes = new Uint8Array(5000).map((_, index) => index % 251)
const base64 = Buffer.from(bytes).toString('base64')
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe.skipIf(chromium === undefined)('whatsapp-web.js on the simulated WhatsApp Web', () => {
  let web: WhatsAppWeb
  let profile: TestProfile
  let client: InstanceType<typeof Client>
  let log: EventLog

  beforeAll(async () => {
    web = await startWhatsAppWeb({ pair: 'at-once' })
    profile = await makeProfile()
    web.addContact({ phone: '15550002222', lid: '77', name: 'Anna', pushname: 'Anna B.' })
    client = new Client({
      ...clientOptions(web, chromium ?? ''),
      authStrategy: new LocalAuth({ dataPath: profile.folder }),
    })
    log = new EventLog(client, [
      'ready',
      'message',
      'message_create',
      'message_ack',
      'message_edit',
      'message_revoke_everyone',
      'message_revoke_me',
      'message_reaction',
      'message_ciphertext',
      'vote_update',
      'unread_count',
    ])
    await client.initialize()
    guardPipes(client.pupBrowser)
    await log.next('ready')
  })

  afterAll(async () => {
    await client?.destroy()
    expect(web.page.failures).toEqual([])
    expect(web.page.missingModules).toEqual([])
    await web?.close()
    expect(await profile?.remove()).toEqual([])
  })

  beforeEach(() => web.clearSent())

  const next = (id: string) => log.next<webjs.Message>('message', (message) => message.id._serialized === id)

  test('a text of a customer arrives with all that is known of it', async () => {
    const id = web.receive({ chat: anna, text: 'Hello, see https://example.com/x', sentAtMs: 1_700_000_000_500 })
    const message = await next(id)
    expect(message).toMatchObject({
      id: { fromMe: false, remote: anna, _serialized: id },
      type: 'chat',
      body: 'Hello, see https://example.com/x',
      timestamp: 1_700_000_000,
      from: anna,
      to: '15550001111@c.us',
      fromMe: false,
      hasMedia: false,
      hasQuotedMsg: false,
      deviceType: 'ios',
      links: [{ link: 'https://example.com/x', isSuspicious: false }],
      vCards: [],
      mentionedIds: [],
    })
    expect(message.rawData).toMatchObject({ notifyName: 'Anna B.', isNewMsg: true })
    expect(await log.next<webjs.Chat>('unread_count')).toMatchObject({ unreadCount: 1, name: 'Anna' })
    expect((await message.getContact()).name).toBe('Anna')
  })

  test('a text of ours is sent, seen on the way, and gets its acks', async () => {
    const sent = await client.sendMessage(anna, 'Good morning')
    expect(sent).toMatchObject({ ack: 0, body: 'Good morning', fromMe: true, to: anna })
    expect(await web.nextSent()).toMatchObject({
      id: sent.id._serialized,
      chat: anna,
      type: 'chat',
      text: 'Good morning',
    })
    expect(await log.next('message_ack')).toMatchObject({ id: { _serialized: sent.id._serialized }, ack: 1 })
    web.ack(sent.id._serialized, 3)
    expect(await log.next('message_ack')).toMatchObject({ id: { _serialized: sent.id._serialized }, ack: 3 })
    expect(await web.nextActivity(({ type }) => type === 'seen')).toMatchObject({ chat: anna })
    web.ack(sent.id._serialized, -1)
    expect(await log.next('message_ack')).toMatchObject({ ack: -1 })
  })

  test('what the owner writes on the phone is seen as ours', async () => {
    const id = web.ownerWrites({ chat: anna, text: 'I am on it!' })
    const isIt = (message: webjs.Message) => message.id._serialized === id
    expect(await log.next('message_create', isIt)).toMatchObject({ fromMe: true, body: 'I am on it!', to: anna })
  })

  test.each([
    ['image', 'image/png', {}],
    ['video', 'video/mp4', {}],
    ['audio', 'audio/mpeg', {}],
    ['ptt', 'audio/ogg; codecs=opus', { sendAudioAsVoice: true }],
    ['document', 'application/pdf', {}],
    ['document', 'image/png', { sendMediaAsDocument: true }],
  ])('a file is sent as %s', async (type, mimeType, options) => {
    const media = new MessageMedia(mimeType, base64, 'list.bin')
    const message = await client.sendMessage(anna, media, { ...options, caption: 'Here' })
    expect(message).toMatchObject({ type, hasMedia: true, body: 'Here' })
    const sent = await web.nextSent()
    expect(sent).toMatchObject({ type, text: 'Here', media: { mimeType } })
    expect(Buffer.from(sent.media?.bytes ?? []).equals(Buffer.from(bytes))).toBe(true)
    if (type === 'document') expect(sent.media?.fileName).toBe('list.bin')
  })

  test('the same file is sent several times at once', async () => {
    const media = new MessageMedia('application/pdf', base64, 'list.pdf')
    await Promise.all([client.sendMessage(anna, media), client.sendMessage(anna, media)])
    for (const _ of [1, 2]) expect((await web.nextSent()).media?.bytes).toHaveLength(bytes.length)
  })

  test('a picture is sent as a sticker', async () => {
    await client.sendMessage(anna, new MessageMedia('image/png', onePixel), { sendMediaAsSticker: true })
    const sent = await web.nextSent()
    expect(sent).toMatchObject({ type: 'sticker', media: { mimeType: 'image/webp' } })
    expect(Buffer.from(sent.media?.bytes ?? []).toString('latin1', 8, 12)).toBe('WEBP')
  })

  test.each([
    ['image', 'image/jpeg', undefined],
    ['video', 'video/mp4', undefined],
    ['audio', 'audio/mpeg', undefined],
    ['ptt', 'audio/ogg; codecs=opus', undefined],
    ['document', 'application/pdf', 'order.pdf'],
    ['sticker', 'image/webp', undefined],
  ])('a file of a customer arrives as %s', async (type, mimeType, fileName) => {
    const file = { bytes, mimeType, durationS: 7, ...(fileName ? { fileName } : {}) }
    const message = await next(web.receive({ chat: anna, type, text: 'look', media: file }))
    expect(message).toMatchObject({ type, hasMedia: true, body: 'look', duration: '7' })
    const media = await message.downloadMedia()
    expect(media).toMatchObject({ mimetype: mimeType, data: base64, filesize: bytes.length })
    expect(media.filename ?? undefined).toBe(fileName)
  })

  test('locations go both ways', async () => {
    const where = { latitude: 52.5, longitude: 13.4, name: 'Shop', address: 'Main Street 1' }
    expect(await next(web.receive({ chat: anna, location: where }))).toMatchObject({
      type: 'location',
      location: { latitude: 52.5, longitude: 13.4, name: 'Shop', address: 'Main Street 1' },
    })
    await client.sendMessage(anna, new Location(52.5, 13.4, { name: 'Shop', address: 'Main Street 1' }))
    const expected = { latitude: 52.5, longitude: 13.4, description: 'Shop\nMain Street 1' }
    expect(await web.nextSent()).toMatchObject({ type: 'location', location: expected })
  })

  test('contacts go both ways', async () => {
    const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Ben\nTEL;waid=15550003333:+15550003333\nEND:VCARD'
    const one = await next(web.receive({ chat: anna, vcards: [vcard] }))
    expect(one).toMatchObject({ type: 'vcard', vCards: [vcard] })
    const two = await next(web.receive({ chat: anna, vcards: [vcard, vcard] }))
    expect(two).toMatchObject({ type: 'multi_vcard', vCards: [vcard, vcard] })
    await client.sendMessage(anna, vcard)
    expect(await web.nextSent()).toMatchObject({ type: 'vcard', text: '', vcards: [vcard] })
    await client.sendMessage(anna, await client.getContactById(anna))
    expect((await web.nextSent()).vcards[0]).toContain('waid=15550002222')
  })

  test('quotations go both ways', async () => {
    const question = await next(web.receive({ chat: anna, text: 'How much?' }))
    await question.reply('Five each')
    const answer: SentMessage = await web.nextSent()
    expect(answer).toMatchObject({ text: 'Five each', quotedId: question.id._serialized })
    const back = await next(web.receive({ chat: anna, text: 'Fine', quotes: answer.id }))
    expect(back.hasQuotedMsg).toBe(true)
    expect(await back.getQuotedMessage()).toMatchObject({ body: 'Five each' })
    expect(back.rawData).toMatchObject({ quotedStanzaID: answer.id.split('_')[2] })
  })

  test('reactions go both ways', async () => {
    const message = await next(web.receive({ chat: anna, text: 'Done?' }))
    await message.react('👍')
    expect(await web.nextSent()).toMatchObject({ type: 'reaction', id: message.id._serialized, text: '👍', chat: anna })
    const sent = await client.sendMessage(anna, 'Done!')
    await web.nextSent()
    web.react(sent.id._serialized, '🎉')
    expect(await log.next('message_reaction')).toMatchObject({
      reaction: '🎉',
      senderId: anna,
      msgId: { _serialized: sent.id._serialized },
    })
  })

  test('messages are edited and taken back by both', async () => {
    const id = web.receive({ chat: anna, text: 'Ten boxes' })
    await next(id)
    web.edit(id, 'Two boxes')
    expect(await log.next('message_edit')).toMatchObject({ id: { _serialized: id }, body: 'Two boxes' })
    web.revoke(id)
    const gone = await log.next<webjs.Message>('message_revoke_everyone')
    expect(gone).toMatchObject({ id: { _serialized: id }, type: 'revoked', body: '' })
    const ours = await client.sendMessage(anna, 'For you')
    await ours.edit('For both of you')
    await ours.delete(true)
    const id2 = ours.id._serialized
    await web.nextSent()
    expect(await web.nextSent()).toMatchObject({ type: 'edit', id: id2, text: 'For both of you' })
    expect(await web.nextSent()).toMatchObject({ type: 'revoke', id: id2 })
    const mine = await client.sendMessage(anna, 'For nobody')
    await mine.delete()
    expect(await log.next('message_revoke_me')).toMatchObject({ id: { _serialized: mine.id._serialized } })
  })

  test('polls go both ways, and votes come in', async () => {
    const poll = await next(web.receive({ chat: anna, poll: { name: 'When?', options: ['Today', 'Later'] } }))
    expect(poll).toMatchObject({ type: 'poll_creation', pollName: 'When?', body: 'When?' })
    const ours = await client.sendMessage(anna, new Poll('Which?', ['Red', 'Blue']))
    expect(await web.nextSent()).toMatchObject({
      type: 'poll_creation',
      poll: { name: 'Which?', options: ['Red', 'Blue'] },
    })
    web.vote(ours.id._serialized, ['Blue'])
    expect(await log.next('vote_update')).toMatchObject({
      voter: { _serialized: anna },
      selectedOptions: [{ name: 'Blue' }],
    })
  })

  test('what cannot be read yet is told as such, and comes in once it can be read', async () => {
    const id = web.receive({ chat: anna, type: 'ciphertext' })
    expect(await log.next('message_ciphertext')).toMatchObject({ id: { _serialized: id }, type: 'ciphertext' })
    // The library asks for it by itself, after five seconds.
    const resend = 'WAWebNonMessageDataRequestPlaceholderMessageResendUtils'
    await client.pupPage?.evaluate(
      `require('${resend}').handlePlaceholderMsgsSeen([require('WAWebCollections').Msg.get('${id}')], true)`,
    )
    expect(await web.nextActivity(({ type }) => type === 'resend')).toMatchObject({ chat: anna })
    web.decrypt(id, 'Now you can')
    expect(await next(id)).toMatchObject({ type: 'chat', body: 'Now you can' })
  })

  test('types that nobody knows come in as they are', async () => {
    const message = await next(
      web.receive({ chat: anna, type: 'galaxy_message', attributes: { galaxy: { far: true } } }),
    )
    expect(message).toMatchObject({ type: 'galaxy_message', rawData: { galaxy: { far: true } } })
  })

  test('in a group the author is named, and the answer goes to the group', async () => {
    const group = web.addGroup({ id: '120363', name: 'Family', members: [anna, '15550003333@c.us'] })
    const message = await next(web.receive({ chat: group, author: anna, text: 'Hi all' }))
    expect(message).toMatchObject({ from: group, author: anna, id: { participant: { _serialized: anna } } })
    const chat = (await message.getChat()) as webjs.GroupChat
    expect(chat).toMatchObject({ isGroup: true, name: 'Family' })
    expect(chat.participants.map(({ id }) => id._serialized)).toEqual([anna, '15550003333@c.us'])
    await message.reply('Hi Anna')
    expect(await web.nextSent()).toMatchObject({ chat: group, quotedId: message.id._serialized })
  })

  test('who is known by lid and number is found under both', async () => {
    const pairs = [{ lid: '77@lid', pn: anna }]
    expect(await client.getContactLidAndPhone(['77@lid'])).toEqual(pairs)
    expect(await client.getContactLidAndPhone([anna])).toEqual(pairs)
    web.addContact({ phone: '15550004444', lid: '88', pairKnown: false })
    expect(await client.getContactLidAndPhone(['88@lid'])).toEqual([{ lid: '88@lid', pn: '15550004444@c.us' }])
    web.addContact({ lid: '99' })
    expect(await client.getContactLidAndPhone(['99@lid'])).toEqual([{ lid: '99@lid' }])
    const message = await next(web.receive({ chat: '88@lid', text: 'It is me', name: 'Cem' }))
    expect(message).toMatchObject({ from: '88@lid', to: '990001111@lid', rawData: { notifyName: 'Cem' } })
    // Nobody is asked twice: the chat with the number is the chat under the lid.
    const answer = await client.sendMessage('15550004444@c.us', 'Hello Cem')
    expect(answer.to).toBe('88@lid')
    expect(await web.nextSent()).toMatchObject({ chat: '88@lid' })
  })

  test('typing, recording and pausing are seen', async () => {
    const chat = await client.getChatById(anna)
    await chat.sendStateTyping()
    expect(await web.nextActivity(({ type }) => type === 'typing')).toMatchObject({ chat: anna })
    await chat.sendStateRecording()
    expect(await web.nextActivity(({ type }) => type === 'recording')).toMatchObject({ chat: anna })
    await chat.clearState()
    expect(await web.nextActivity(({ type }) => type === 'paused')).toMatchObject({ chat: anna })
  })

  test('what is history raises no event and can be fetched; being seen clears the count', async () => {
    const ben = '15550005555@c.us'
    // One in a second: whatsapp-web.js turns the order of those of the same second round.
    const sentAtMs = (index: number) => 1_700_000_000_000 + index * 1000
    for (let index = 0; index < 50; index += 1) {
      web.receive({ chat: ben, text: `old ${index}`, isNew: false, sentAtMs: sentAtMs(index) })
    }
    const id = web.receive({ chat: ben, text: 'new' })
    await next(id)
    expect(log.rest.filter((name) => name === 'message')).toEqual([])
    const chat = (await client.getChats()).find((one) => one.id._serialized === ben)
    expect(chat).toMatchObject({ unreadCount: 51, lastMessage: { body: 'new' } })
    const messages = (await chat?.fetchMessages({ limit: 30 })) ?? []
    expect(messages.map(({ body }) => body)).toEqual([
      ...Array.from({ length: 29 }, (_, index) => `old ${index + 21}`),
      'new',
    ])
    await client.sendSeen(ben)
    expect((await client.getChatById(ben)).unreadCount).toBe(0)
  })

  test('who is on WhatsApp can be asked', async () => {
    expect(await client.getNumberId('15550009999')).toMatchObject({ _serialized: '15550009999@c.us' })
    web.switches.unknownNumber = true
    expect(await client.getNumberId('15550008888')).toBeNull()
    await expect(client.sendMessage('15550008888@c.us', 'Hello?')).rejects.toThrow('No LID for user')
    await expect(client.sendMessage('15550008888', 'Hello?')).rejects.toThrow('invalid wid')
    web.switches.unknownNumber = false
  })

  test('a page lets go of the oldest messages of a chat, and the server still has them', async () => {
    const busy = '15550006666@c.us'
    const ids = Array.from({ length: 250 }, (_, index) => web.receive({ chat: busy, text: `${index}` }))
    await next(ids.at(-1) ?? '')
    const kept = await client.pupPage?.evaluate(`require('WAWebCollections').Chat.get('${busy}').msgs.length`)
    expect(kept).toBe(200)
    expect(log.rest).not.toContain('message_revoke_me')
    expect(await client.getMessageById(ids[0] ?? '')).toMatchObject({ body: '0' })
  })

  test('a person who looks sees the chats as bubbles', async () => {
    web.receive({ chat: anna, text: 'Can you see me?' })
    await client.pupPage?.waitForFunction("document.body.innerText.includes('Can you see me?')")
    const text = await client.pupPage?.evaluate('document.body.innerText')
    expect(text).toContain('CONNECTED')
    expect(text).toContain('Shop · +15550001111')
  })
})
