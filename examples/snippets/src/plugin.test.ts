import { createPipeline } from '@wa-agent/core'
import { inbound } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { openingHours } from './opening-hours.ts'
import { shopPlugin } from './plugin.ts'

test('a plugin is set up once, its middleware sees each turn, and it is cleaned up', async () => {
  const calls: string[] = []
  const catalogue = {
    load: async () => void calls.push('load'),
    close: async () => void calls.push('close'),
  }
  const counts = new Map<string, number>()
  const pipeline = createPipeline({ plugins: [shopPlugin(catalogue, [openingHours], counts)] })
  await pipeline.run({ messages: [inbound.text('when are you open')] })
  await pipeline.run({ messages: [inbound.text('are you open at christmas')] })
  await pipeline.stop?.()
  expect(calls).toEqual(['load', 'close'])
  expect(counts).toEqual(new Map([['opening-hours', 2]]))
})
