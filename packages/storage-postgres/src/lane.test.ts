import { expect, test } from 'vitest'
import { Lane, type LaneOptions } from './lane.ts'

/** A lane whose batches the test ends by hand. */
function lane(options: Partial<LaneOptions<string, string>> = {}) {
  const batches: { readonly items: readonly string[]; readonly end: () => void; readonly fail: () => void }[] = []
  const run = (items: readonly string[]) =>
    new Promise<{ value: string }[]>((resolve, reject) => {
      const end = () => resolve(items.map((item) => ({ value: `${item}!` })))
      batches.push({ items, end, fail: () => reject(new Error('failed')) })
    })
  return { batches, lane: new Lane<string, string>({ run, maxItems: 3, maxBytes: 100, ...options }) }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what is asked for at the same time shares a batch, and what comes meanwhile the next one', async () => {
  const { batches, lane: one } = lane()
  const first = [one.submit('a'), one.submit('b')]
  await turn()
  const second = [one.submit('c'), one.submit('d'), one.submit('e'), one.submit('f')]
  await turn()
  expect(batches.map(({ items }) => items)).toEqual([['a', 'b']])
  batches[0]?.end()
  expect(await Promise.all(first)).toEqual(['a!', 'b!'])
  await turn()
  expect(batches[1]?.items).toEqual(['c', 'd', 'e'])
  batches[1]?.end()
  await Promise.all(second.slice(0, 3))
  await turn()
  batches[2]?.end()
  expect(await second[3]).toBe('f!')
})

test('a batch ends before what is too large, of another kind, or of a key that is in it', async () => {
  const { batches, lane: one } = lane({
    width: 9,
    keyOf: (item) => item.slice(1),
    kindOf: ([kind]) => kind as string,
  })
  const all = ['x1', 'x2', 'x1', 'y3', 'y4'].map((item) => one.submit(item))
  all.push(one.submit('y5', 60), one.submit('y6', 60))
  for (let round = 0; round < 8; round += 1) await turn()
  expect(batches.map(({ items }) => items)).toEqual([['x1', 'x2'], ['x1'], ['y3', 'y4', 'y5'], ['y6']])
  for (const { end } of batches) end()
  await Promise.all(all)
})

test('a batch that fails concerns only its own, and drained waits for all', async () => {
  const { batches, lane: one } = lane()
  const failing = one.submit('a')
  await turn()
  const next = one.submit('b')
  const drained = one.drained()
  batches[0]?.fail()
  await expect(failing).rejects.toThrow('failed')
  await turn()
  batches[1]?.end()
  await drained
  expect(await next).toBe('b!')
  await one.drained()
})
