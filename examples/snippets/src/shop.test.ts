import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inbound } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { pipeline } from './shop.ts'

test('the pipeline of the shop answers', async () => {
  const before = process.cwd()
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-shop-'))
  process.chdir(folder)
  try {
    const { trace } = await pipeline.run({ messages: [inbound.text('do you have boxes?')] })
    expect(trace.route).toMatchObject({ agent: 'catalogue', by: 'intent' })
    await pipeline.stop?.()
  } finally {
    process.chdir(before)
    await rm(folder, { recursive: true })
  }
})
