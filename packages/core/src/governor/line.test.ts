import { expect, test } from 'vitest'
import { Line } from './line.ts'

const isCold = true

/** The line of a channel among those of others, in which altogether four may wait. */
function line(channel: string, ids = new Set<string>()) {
  return new Line({ idOf: (chat) => `${channel}/${chat}`, ids, most: 4 })
}

test('calls those who wrote before the others, each once, in the order in which they came', () => {
  const waiting = line('one')
  waiting.join('offer', isCold)
  for (const chat of ['b', 'a', 'b']) waiting.join(chat, !isCold)
  expect(waiting.length).toBe(3)
  expect(waiting.call(1)).toEqual(['b'])
  expect(waiting.call(0)).toEqual([])
  expect(waiting.call(5)).toEqual(['a', 'offer'])
  expect(waiting.length).toBe(0)
})

test('who waits with an offer and then writes goes before other offers', () => {
  const waiting = line('one')
  for (const chat of ['a', 'b']) waiting.join(chat, isCold)
  waiting.join('b', !isCold)
  waiting.join('b', isCold)
  expect(waiting.call(5)).toEqual(['b', 'a'])
})

test('keeps the place of who was called until that chat is here', () => {
  const waiting = line('one')
  for (const chat of ['a', 'b']) waiting.join(chat, !isCold)
  waiting.call(2)
  expect([waiting.keptFrom(), waiting.keptFrom('a'), waiting.keptFrom('c')]).toEqual([2, 1, 2])
  expect([waiting.arrived('a'), waiting.arrived('a')]).toEqual([true, false])
  expect(waiting.keptFrom()).toBe(1)
  waiting.forgetCalled()
  expect(waiting.keptFrom()).toBe(0)
})

test('takes so many as may wait on all channels, and knows them', () => {
  const ids = new Set<string>()
  const [one, other] = [line('one', ids), line('other', ids)]
  for (const chat of ['a', 'b', 'c']) one.join(chat, !isCold)
  expect(['a', 'b', 'a'].map((chat) => other.join(chat, !isCold))).toEqual([true, false, true])
  expect([...ids]).toEqual(['one/a', 'one/b', 'one/c', 'other/a'])
  one.clear()
  expect([...ids]).toEqual(['other/a'])
})
