import { expect, test } from 'vitest'
import { GivenReplies } from './given-replies.ts'

test('the newest replies are remembered, until their end', () => {
  const given = new GivenReplies()
  for (let n = 0; n <= 10_000; n += 1) given.add(`r${n}`, n)
  expect(given.of('r0')).toBeUndefined()
  expect(given.of('r1')).toBe(1)
  given.forget('r1')
  expect(given.of('r1')).toBeUndefined()
})
