import { describe, expect, test } from 'vitest'
import { addressesOf } from './addresses.ts'
import { eventSchema } from './payloads.ts'

function addresses(fields: object, message: object) {
  const event = eventSchema.parse({ type: 'message', receiver: '15550009000', ...fields, message })
  return addressesOf(event, typeof event.message === 'object' ? event.message : {})
}

describe('who wrote, and where', () => {
  test('the chat is named by the id of the message where the event does not name it', () => {
    const found = addresses({ conversation: '' }, { _serialized: 'false_15550001001@c.us_3EB0' })
    expect(found).toMatchObject({ chat: '15550001001@c.us', fromMe: false, isGroup: false })
  })

  test('the chat is named by the sender where nothing else names it', () => {
    const found = addresses({ user: { id: '15550001001@c.us' } }, { id: '3EB0' })
    expect(found).toMatchObject({ chat: '15550001001@c.us', from: { id: '15550001001@c.us' } })
  })

  test('a message that nothing names a chat for has no addresses', () => {
    expect(addresses({}, { id: '3EB0' })).toBeUndefined()
    expect(addresses({}, { id: 'true_3EB0', fromMe: true })).toBeUndefined()
  })

  test('a number hidden behind a LID is recovered from the id of the message, and answered to', () => {
    const found = addresses(
      { conversation: '9001@lid', user: { id: '9001@lid', phone: '' } },
      { _serialized: 'false_9001@lid_3EB0_15550001001@c.us' },
    )
    expect(found?.chat).toBe('15550001001@c.us')
    expect(found?.from).toMatchObject({
      id: '9001@lid',
      aliases: [
        { kind: 'phone', value: '15550001001@c.us' },
        { kind: 'lid', value: '9001@lid' },
      ],
    })
  })

  test('our own number is never taken for that of the customer', () => {
    const found = addresses(
      { conversation: '9001@lid', user: { id: '9001@lid', phone: '+1 555 000 9000' } },
      { _serialized: 'false_9001@lid_3EB0_15550009000@c.us' },
    )
    expect(found?.chat).toBe('9001@lid')
    expect(found?.from.aliases).toEqual([{ kind: 'lid', value: '9001@lid' }])
  })

  test('in a group the participant is the sender, also without a user', () => {
    const found = addresses({ conversation: '1203@g.us' }, { _serialized: 'false_1203@g.us_3EB0_15550001001@c.us' })
    expect(found).toMatchObject({ chat: '1203@g.us', isGroup: true, from: { id: '15550001001@c.us' } })
  })

  test('what was written from our number belongs to the chat of the customer, and is from us', () => {
    const found = addresses(
      { conversation: '', user: { id: '15550009000@c.us', phone: '15550009000' } },
      { _serialized: 'true_15550001001@c.us_3EB0' },
    )
    expect(found).toMatchObject({ chat: '15550001001@c.us', fromMe: true, from: { id: '15550009000@c.us' } })
  })
})
