import { expect, test } from 'vitest'
import { Account } from './account.ts'
import { answerCalls } from './calls.ts'
import { startWhatsAppWeb, type WhatsAppWebSwitches } from './index.ts'
import type { PageConnection } from './pages.ts'
import { Simulation } from './simulation.ts'
import { talking } from './talking.ts'
import { textOfKey, type WireMessage } from './wire.ts'

const anna = '15550002222@c.us'

/** The simulation without a browser: the test plays the page. */
function world(options: { readonly keepSent?: number; readonly keepMessages?: number } = {}) {
  const { keepSent = 10, keepMessages = 10 } = options
  const account = new Account({ phone: '15550001111', lid: '99@lid', name: 'Shop', keepMessages })
  const simulation = new Simulation({ account, switches: {}, pair: 'at-once', autoAck: 2, keepSent })
  const told: { readonly name: string; readonly value: unknown }[] = []
  const call = answerCalls(simulation)
  const connect = (id: string, after?: number): PageConnection => {
    const page: PageConnection = {
      id,
      token: '',
      after,
      linked: false,
      state: 'OPENING',
      qrRead: false,
      send: (name, value) => void told.push({ name, value }),
      end: () => undefined,
    }
    simulation.connect(page)
    return page
  }
  const send = (id: string, text: string) => {
    const key = { fromMe: true, remote: anna, id }
    const message = { id: key, type: 'chat', t: 1, from: '15550001111@c.us', to: anna, body: text }
    return call('send', { page: 'one', value: { message } })
  }
  return { account, simulation, told, call, connect, send, ...talking(simulation) }
}

test('what is sent gets the acks that WhatsApp gives by itself, and is kept in order up to a limit', async () => {
  const { connect, send, sent, told, nextSent, clearSent } = world({ keepSent: 3 })
  connect('one')
  for (let index = 0; index < 5; index += 1) await send(`id${index}`, `text ${index}`)
  expect(sent.map(({ text }) => text)).toEqual(['text 2', 'text 3', 'text 4'])
  expect(told.filter(({ name }) => name === 'ack').map(({ value }) => value)).toContainEqual({
    id: `true_${anna}_id4`,
    ack: 2,
  })
  expect((await nextSent()).text).toBe('text 2')
  expect((await nextSent(({ text }) => text !== 'text 3')).text).toBe('text 4')
  expect((await nextSent()).text).toBe('text 3')
  await expect(nextSent(undefined, { timeoutMs: 1 })).rejects.toThrow('Waited 1 ms for a message that the page sends')
  clearSent()
  expect(sent).toEqual([])
})

test('old messages leave the server together with their files', () => {
  const { account, receive } = world({ keepMessages: 2 })
  const media = { bytes: new Uint8Array(3), mimeType: 'image/png' }
  const [first = '', , last = ''] = [1, 2, 3].map(() => receive({ chat: anna, media }))
  const path = account.message(last)?.directPath ?? ''
  expect(account.file(path)?.bytes).toEqual(Buffer.from(media.bytes))
  expect(account.message(first)).toBeUndefined()
  expect(account.messagesOf(anna)).toHaveLength(2)
})

test('a page that comes back is told what it has not heard; a new one only the last of each chat', () => {
  const { account, connect, receive, told } = world()
  const ids = ['a', 'b', 'c'].map((text) => receive({ chat: anna, text }))
  receive({ chat: anna, text: 'old', isNew: false })
  const messagesFor = (after?: number) => {
    connect('one', after)
    const { messages } = (told.at(-1)?.value ?? { messages: [] }) as {
      messages: { readonly message: WireMessage; readonly isNew: boolean }[]
    }
    return messages.map(({ message, isNew }) => [textOfKey(message.id), isNew])
  }
  const old = textOfKey(account.messagesOf(anna)[3]?.id ?? { fromMe: false, remote: '', id: '' })
  expect(messagesFor()).toEqual([[old, false]])
  expect(messagesFor(1)).toEqual([
    [ids[1], true],
    [ids[2], true],
    [old, false],
  ])
})

test('who writes on the phone has read the chat', () => {
  const { account, receive, ownerWrites } = world()
  receive({ chat: anna, text: 'Hello' })
  receive({ chat: anna, text: 'by the way', unread: false })
  expect(account.chat(anna)?.unreadCount).toBe(1)
  ownerWrites({ chat: anna, text: 'Yes?' })
  expect(account.chat(anna)?.unreadCount).toBe(0)
})

test('what makes no sense is refused with a word on what does', async () => {
  const { addContact, receive, edit, call } = world()
  expect(() => addContact({})).toThrow('Expected `phone` or `lid`')
  expect(() => receive({ chat: '12@g.us', text: 'Hi' })).toThrow('Expected `author`')
  expect(() => receive({ chat: anna, text: 'Hi', quotes: 'none' })).toThrow('no message with the id "none" to quote')
  expect(() => edit('none', 'Hi')).toThrow('no message with the id "none"')
  await expect(call('dance', { page: 'one', value: {} })).rejects.toThrow('asked for "dance"')
  await using web = await startWhatsAppWeb()
  expect(() => Object.assign(web.switches, { sillent: true } as Partial<WhatsAppWebSwitches>)).toThrow('no switch')
  await expect(startWhatsAppWeb({ sillent: true } as object)).rejects.toThrow('no switch "sillent"')
})
