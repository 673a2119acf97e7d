import { parseInboundMessage } from '@wa-agent/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRawMessage, parseReaction } from './inbound.ts'

const me = ['15550001111@c.us', '990001111@lid']
const nowMs = Date.UTC(2026, 0, 2)
const context = { me, groups: true, nowMs }
const anna = '15550002222@c.us'
const key = { fromMe: false, remote: anna, id: '3A01' }
const raw = (fields: object) => ({ id: key, type: 'chat', t: 1_760_000_000, from: anna, notifyName: 'Anna', ...fields })
const parse = (fields: object) => parseRawMessage(raw(fields), context)

describe('a message of WhatsApp Web', () => {
  test('names its chat, its sender and its time', () => {
    expect(parse({ body: 'Hello' })).toEqual({
      type: 'text',
      id: `false_${anna}_3A01`,
      chat: anna,
      from: { id: anna, name: 'Anna' },
      fromMe: false,
      isGroup: false,
      sentAtMs: 1_760_000_000_000,
      text: 'Hello',
    })
    expect(parse({ body: 'Hello', t: undefined })).toMatchObject({ sentAtMs: nowMs })
  })

  test('in a group has an author, and one of ours has us', () => {
    const group = { fromMe: false, remote: { _serialized: '1203@g.us' }, id: '3A01', participant: '77@lid' }
    const said = parse({ id: group, author: { _serialized: '77@lid' }, body: 'Hi' })
    expect(said).toMatchObject({ id: 'false_1203@g.us_3A01_77@lid', isGroup: true, from: { id: '77@lid' } })
    expect(parse({ id: { ...key, fromMe: true }, body: 'Hi' })).toMatchObject({ fromMe: true, from: { id: me[0] } })
  })

  test('quotes by the whole id of what is quoted', () => {
    const quote = (fields: object) => parse({ body: 'Yes', quotedStanzaID: '3EB0', ...fields })
    expect(quote({ quotedParticipant: anna })).toMatchObject({ replyTo: { id: `false_${anna}_3EB0` } })
    expect(quote({ quotedParticipant: me[1] })).toMatchObject({ replyTo: { id: `true_${anna}_3EB0` } })
    const group = { fromMe: false, remote: '1203@g.us', id: '3A01', participant: anna }
    const inGroup = { id: group, quotedParticipant: { _serialized: '77@lid' } }
    expect(quote(inGroup)).toMatchObject({ replyTo: { id: 'false_1203@g.us_3EB0_77@lid' } })
  })

  test.each<readonly [object, object]>([
    [
      { type: 'oversized', body: 'long' },
      { type: 'text', text: 'long' },
    ],
    [
      { type: 'image', caption: 'Look', body: '/9j/', mimetype: 'image/jpeg', size: 3, filehash: 'aGFzaA==' },
      { type: 'image', caption: 'Look', media: { mimeType: 'image/jpeg', sizeBytes: 3, sha256: 'aGFzaA==' } },
    ],
    [{ type: 'ptt' }, { type: 'audio', voice: true }],
    [
      { type: 'ptv', mimetype: 'video/mp4' },
      { type: 'video', media: { mimeType: 'video/mp4' } },
    ],
    [{ type: 'audio' }, { type: 'audio', voice: false }],
    [{ type: 'document', filename: 'a.pdf' }, { media: { fileName: 'a.pdf', reference: `false_${anna}_3A01` } }],
    [
      { type: 'sticker', isAnimated: true },
      { type: 'sticker', animated: true },
    ],
    [
      { type: 'location', lat: 1, lng: 2, loc: 'Shop\nMain St\n1' },
      { name: 'Shop', address: 'Main St\n1' },
    ],
    [{ type: 'location' }, { type: 'unsupported', originalType: 'location' }],
    [{ type: 'vcard', body: 'FN:Cara\nTEL:1', vcardFormattedName: 'C' }, { contacts: [{ name: 'C', phones: ['1'] }] }],
    [{ type: 'multi_vcard', vcardList: [{ vcard: 'FN:A' }, 7] }, { contacts: [{ name: 'A' }] }],
    [
      { type: 'order', orderTitle: 'Two boxes' },
      { type: 'order', text: 'Two boxes', items: [] },
    ],
    [{ type: 'buttons_response', body: 'Yes', selectedButtonId: 'y' }, { selection: { id: 'y', title: 'Yes' } }],
    [{ type: 'template_button_reply', body: 'Yes', selectedId: 'y' }, { source: 'button' }],
    [
      { type: 'list_response', listResponse: { title: 'Box', singleSelectReply: { selectedRowId: 'box' } } },
      { type: 'selection', selection: { id: 'box', title: 'Box' }, source: 'list' },
    ],
    [
      { type: 'list_response', body: 'Box' },
      { type: 'text', text: 'Box' },
    ],
    [{ type: 'poll_creation' }, { type: 'unsupported', originalType: 'poll_creation' }],
    [{ type: 'something new +1555' }, { type: 'unsupported', originalType: 'unknown' }],
  ])('%o becomes %o', (fields, expected) => {
    const message = parse(fields)
    expect(message).toMatchObject(expected)
    expect(parseInboundMessage(message)).toMatchObject({ chat: anna })
  })

  test.each([
    [{ type: 'e2e_notification' }, 'e2e_notification'],
    [{ type: 'ciphertext' }, 'ciphertext'],
    [{ type: 'revoked' }, 'revoked'],
    [{ id: { ...key, remote: 'status@broadcast' } }, 'broadcast'],
    [{ isStatusV3: true }, 'broadcast'],
    [{ id: { ...key, remote: {} } }, 'chat without chat'],
    [{ id: undefined }, 'a message without id'],
  ])('%o is left out', (fields, ignored) => {
    expect(parse(fields)).toEqual({ ignored })
  })

  test('of a group is left out unless groups are wanted', () => {
    const group = raw({ id: { ...key, remote: '1203@g.us' }, body: 'Hi' })
    expect(parseRawMessage(group, { ...context, groups: false })).toEqual({ ignored: 'group' })
  })

  test('whatever it is, is never an exception, and always one that the engine takes', () => {
    const field = fc.oneof(fc.anything(), fc.string())
    const fields = fc.dictionary(fc.constantFrom(...Object.keys(raw({})), 'body', 'lat', 'lng', 'vcardList'), field)
    const type = fc.constantFrom('chat', 'image', 'location', 'vcard', 'multi_vcard', 'order', 'list_response')
    fc.assert(
      fc.property(fields, type, (some, kind) => {
        const message = parseRawMessage({ ...raw({}), ...some, type: kind }, context)
        if (!('ignored' in message)) parseInboundMessage(message)
      }),
    )
  })
})

describe('a reaction', () => {
  const reaction = {
    id: { fromMe: false, remote: anna, id: '3B' },
    msgId: { fromMe: true, remote: anna, id: '3EB0' },
    senderId: anna,
    reaction: '👍',
    timestamp: 1_760_000_000,
  }

  test('says to what it is; taken back it says nothing', () => {
    const expected = { type: 'reaction', emoji: '👍', to: `true_${anna}_3EB0`, from: { id: anna }, fromMe: false }
    expect(parseReaction(reaction, context)).toMatchObject(expected)
    expect(parseReaction({ ...reaction, reaction: undefined }, context)).toMatchObject({ emoji: '' })
    expect(parseReaction({ ...reaction, msgId: undefined }, context)).toEqual({ ignored: 'a reaction without ids' })
    const ours = { ...reaction, id: { ...reaction.id, fromMe: true } }
    expect(parseReaction(ours, context)).toEqual({ ignored: 'a reaction of ours' })
  })
})
