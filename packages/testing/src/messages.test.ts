import { inboundMessageSchema } from '@wa-agent/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type InboundBuilder, inboundBuilder } from './messages.ts'

const examples: {
  readonly [Type in keyof InboundBuilder]: (build: InboundBuilder) => ReturnType<InboundBuilder[Type]>
} = {
  text: (build) => build.text('hi'),
  image: (build) => build.image({ caption: 'look' }),
  video: (build) => build.video(),
  audio: (build) => build.audio({ voice: true }),
  document: (build) => build.document({ fileName: 'offer.pdf', sizeBytes: 10 }),
  sticker: (build) => build.sticker(),
  location: (build) => build.location({ latitude: 1, longitude: 2, name: 'Shop' }),
  contacts: (build) => build.contacts([{ name: 'Ana', phones: ['1'] }]),
  reaction: (build) => build.reaction({ emoji: '👍', to: 'm1' }),
  selection: (build) => build.selection({ id: 'yes', title: 'Yes', source: 'list' }),
  order: (build) => build.order({ items: [{ productId: 'box', quantity: 2 }] }),
  unsupported: (build) => build.unsupported('poll'),
}

describe('inboundBuilder', () => {
  test('has a builder for every type of inbound message', () => {
    const types = inboundMessageSchema.options.map((option) => option.shape.type.value)
    expect(Object.keys(inboundBuilder()).toSorted()).toEqual(types.toSorted())
  })

  test.each(Object.entries(examples))('builds a message of type %s', (type, example) => {
    const message = example(inboundBuilder())
    expect(message).toMatchObject({ type, id: 'm1', chat: 'customer', from: { id: 'customer' }, fromMe: false })
  })

  test('counts ids and seconds on, the same in every set', () => {
    for (const build of [inboundBuilder({ startMs: 0 }), inboundBuilder({ startMs: 0 })]) {
      expect([build.text('a'), build.image()]).toMatchObject([
        { id: 'm1', sentAtMs: 0 },
        { id: 'm2', sentAtMs: 1000, media: { reference: 'media-m2' } },
      ])
    }
  })

  test('takes every detail', () => {
    const details = { id: 'x', from: { id: 'p', name: 'P' }, chat: 'g', isGroup: true, fromMe: true, sentAtMs: 5 }
    expect(inboundBuilder().text('hi', { ...details, replyTo: 'y' })).toEqual({
      ...details,
      type: 'text',
      text: 'hi',
      from: { id: 'p', name: 'P', aliases: [] },
      replyTo: { id: 'y' },
    })
  })

  test('refuses what is no valid message', () => {
    expect(() => inboundBuilder().text('hi', { id: '' })).toThrow('"id" is wrong')
  })

  test('knows the type of what it builds', () => {
    expectTypeOf(inboundBuilder().selection({ id: 'a', title: 'A' }).selection.title).toEqualTypeOf<string>()
  })
})
