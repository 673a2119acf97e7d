import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { defineTool } from './model.ts'

test('a tool keeps the type of its input', async () => {
  const tool = defineTool({
    name: 'price_of',
    description: 'x',
    input: z.object({ size: z.string(), count: z.number().default(1) }),
    run: ({ size, count }) => {
      expectTypeOf(size).toEqualTypeOf<string>()
      expectTypeOf(count).toEqualTypeOf<number>()
      return size.length * count
    },
  })
  expect(tool.run({ size: 'large', count: 2 }, { signal: new AbortController().signal })).toBe(10)
})

test.each(['', 'a b', 'prices!', 'é', 'a'.repeat(65)])('a tool is not named %j', (name) => {
  expect(() => defineTool({ name, description: 'x', input: z.object({}), run: () => 1 })).toThrow(
    expect.objectContaining({ code: 'invalid_options' }),
  )
})
