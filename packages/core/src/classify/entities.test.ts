import { expect, test } from 'vitest'
import { z } from 'zod'
import { readEntities } from './entities.ts'

test('what fits is kept, what does not is left out', () => {
  const entities = z.object({ size: z.enum(['s', 'l']), count: z.number(), note: z.string() })
  expect(readEntities(entities, { size: 'xxl', count: 2, note: null, other: 1 })).toEqual({ count: 2 })
  expect(readEntities(undefined, { size: 's' })).toEqual({})
})

test('a name of a prototype is found only where it was filled', () => {
  const entities = z.object({ constructor: z.unknown(), toString: z.unknown() })
  expect(Object.keys(readEntities(entities, {}))).toEqual([])
  expect(readEntities(entities, { constructor: 'x' })).toEqual({ constructor: 'x' })
})
