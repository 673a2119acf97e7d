import { expect, test } from 'vitest'
import { Parked } from './parked.ts'

const of = (channel: string, chat: string) => ({ tenant: 't', channel, chat })

test('lets go what waits for one channel, in order and once, and keeps the others', () => {
  const parked = new Parked(100)
  for (const chat of ['b', 'a', 'b']) parked.add(of('one', chat))
  parked.add(of('two', 'c'))
  expect([...parked.ids]).toHaveLength(3)
  expect(parked.release(of('one', ''))).toEqual([of('one', 'b'), of('one', 'a')])
  expect(parked.release(of('one', ''))).toEqual([])
  expect([parked.has(of('one', 'a')), parked.has(of('two', 'c'))]).toEqual([false, true])
  parked.clear()
  expect(parked.release(of('two', ''))).toEqual([])
})
