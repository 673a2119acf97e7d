import { expect, test } from 'vitest'
import { compose, type Layer } from './middleware.ts'

const noting =
  (name: string, notes: string[]): Layer<number, number> =>
  async (input, next) => {
    notes.push(`${name} in ${input}`)
    const output = await next(input + 1)
    notes.push(`${name} out ${output}`)
    return output * 10
  }

test('the first layer is the outermost', async () => {
  const notes: string[] = []
  const run = compose([noting('a', notes), noting('b', notes)], async (input) => input)
  expect(await run(1)).toBe(300)
  expect(notes).toEqual(['a in 1', 'b in 2', 'b out 3', 'a out 30'])
})

test('without layers it is the core itself', () => {
  const core = async (input: number) => input
  expect(compose([], core)).toBe(core)
})

test('a layer may answer itself, ask twice, or catch what fails', async () => {
  const core = async (input: number) => {
    if (input > 5) throw new Error('too much')
    return input
  }
  expect(await compose([async () => 7], core)(9)).toBe(7)
  expect(await compose([async (input, next) => (await next(input)) + (await next(input))], core)(2)).toBe(4)
  expect(await compose([(input, next) => next(input).catch(() => 0)], core)(9)).toBe(0)
  const throwing: Layer<number, number> = () => {
    throw new Error('boom')
  }
  await expect(compose([throwing], core)(1)).rejects.toThrow('boom')
})
