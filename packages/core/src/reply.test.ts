import { expect, expectTypeOf, test } from 'vitest'
import { collectReplies, type Reply } from './reply.ts'

interface Choice {
  readonly id: string
  readonly title: string
}

test('each call adds one message, in order', () => {
  const { reply, messages } = collectReplies()
  const media = { url: 'https://shop.example/a' }
  const choice = { id: 'a', title: 'A' }
  reply.text('hi', { replyTo: { id: 'm1' } })
  reply.image(media, { caption: 'a box' })
  reply.video(media)
  reply.audio(media, { voice: true })
  reply.document(media)
  reply.buttons('Which?', [choice], { footer: 'f' })
  reply.list({ text: 'Which?', button: 'b', sections: [{ rows: [choice] }] })
  reply.template({ name: 'hello', language: 'en' })
  reply.reaction('👍', 'm1')
  reply.send({ type: 'location', latitude: 1, longitude: 2 })
  expect(messages).toEqual([
    { type: 'text', text: 'hi', replyTo: { id: 'm1' } },
    { type: 'image', media, caption: 'a box' },
    { type: 'video', media },
    { type: 'audio', media, voice: true },
    { type: 'document', media },
    { type: 'buttons', text: 'Which?', buttons: [choice], footer: 'f' },
    { type: 'list', text: 'Which?', button: 'b', sections: [{ rows: [choice] }] },
    { type: 'template', name: 'hello', language: 'en', parameters: [] },
    { type: 'reaction', emoji: '👍', to: 'm1' },
    { type: 'location', latitude: 1, longitude: 2 },
  ])
})

test('options cannot change what kind of message it is', () => {
  const { reply, messages } = collectReplies()
  reply.text('hi', { type: 'image', text: 'other' } as never)
  expect(messages).toEqual([{ type: 'text', text: 'hi' }])
})

test('a message that cannot be sent is refused where it is written', () => {
  const { reply, messages } = collectReplies()
  const wrong = [() => reply.text(undefined as never), () => reply.buttons('x', []), () => reply.image({ url: 'x' })]
  for (const call of wrong) expect(call).toThrow(expect.objectContaining({ code: 'invalid_output' }))
  expect(messages).toEqual([])
})

test('two choices with one id are refused, also in different sections of a list', () => {
  const { reply, messages } = collectReplies()
  const [a, b, again] = ['a', 'b', 'a'].map((id, index) => ({ id, title: `Choice ${index}` })) as [
    Choice,
    Choice,
    Choice,
  ]
  const refused = (path: string) =>
    expect.objectContaining({
      code: 'invalid_output',
      message: `Expected a message that can be sent, but "${path}" is wrong: another choice has this id.`,
    })
  expect(() => reply.buttons('Which?', [a, b, again])).toThrow(refused('buttons.2.id'))
  const sections = [{ rows: [a, b] }, { rows: [again] }]
  expect(() => reply.list({ text: 'Which?', button: 'Open', sections })).toThrow(refused('sections.1.rows.0.id'))
  expect(messages).toEqual([])
})

test('what is said after the end is dropped and told', () => {
  let late = 0
  const { reply, messages, seal } = collectReplies(() => {
    late += 1
  })
  reply.text('in time')
  seal()
  reply.text('too late')
  expect(messages).toEqual([{ type: 'text', text: 'in time' }])
  expect(late).toBe(1)
})

test('there is nothing to await and nothing to return', () => {
  expectTypeOf<ReturnType<Reply[keyof Reply]>>().toEqualTypeOf<void>()
})
