import type { OutboundMessage } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { foundIn } from './finder.ts'
import type { OwnMessage } from './page.ts'

const shortId = '3EB0AAAABBBBCCCCDDDD11'
const message: OutboundMessage = { type: 'text', text: 'Hello' }
const own = (fields: Partial<OwnMessage> = {}): OwnMessage => {
  const { id = shortId } = fields
  return { key: `true_a@c.us_${id}`, id, ack: 1, type: 'chat', text: 'Hello', t: 1, ...fields }
}
const again = '3EB0AAAABBBBCCCCDDDD12'
const find = (messages: readonly OwnMessage[], choosesIds = true) =>
  foundIn(messages, { ids: [shortId, again], choosesIds, message })

describe('a reply', () => {
  test('is found by its id, not by its words', () => {
    const others = [own({ id: '3EB000000000000000000A' }), own({ text: 'Something else' })]
    expect(find(others)).toEqual({ status: 'sent', providerId: `true_a@c.us_${shortId}` })
    expect(find(others.slice(0, 1))).toEqual({ status: 'absent' })
  })

  test('that was sent again after it had been refused has another id', () => {
    const accepted = own({ id: again })
    expect(find([own({ ack: -1 }), accepted])).toEqual({ status: 'sent', providerId: accepted.key })
    expect(find([own({ ack: -1 })])).toEqual({ status: 'absent' })
  })

  test('that is queued may yet go out', () => {
    expect(find([own({ ack: 0 })])).toEqual({ status: 'unknown' })
  })

  test('is known by its words where ids cannot be chosen, and only where it was the last', () => {
    const other = own({ id: '3EB000000000000000000A', text: ' Hello ' })
    expect(find([other], false)).toEqual({ status: 'sent', providerId: other.key })
    expect(find([own({ id: 'X', text: 'Bye' }), other], false)).toEqual({ status: 'unknown' })
    expect(find([], false)).toEqual({ status: 'unknown' })
  })
})
