import { describe, expect, it } from 'vitest'
import { startWorld } from './world.ts'

describe('what providers tell about our messages', () => {
  async function answered() {
    const world = await startWorld()
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    const [sent] = world.named('reply-sent')
    return { world, providerId: String(sent?.['providerId']), replyId: String(sent?.['replyId']) }
  }

  it('is told as events, forward only, however often and in whatever order it comes', async () => {
    const { world, providerId, replyId } = await answered()
    await using _ = world
    for (const status of ['read', 'delivered', 'sent', 'read'] as const)
      await world.tell({ providerId, status, atMs: 5 })
    expect(world.named('reply-read')).toEqual([
      expect.objectContaining({ providerId, replyId, inReplyTo: ['in-1'], atMs: 5 }),
    ])
    expect([...world.named('reply-delivered'), ...world.named('reply-failed')]).toEqual([])
  })

  it('makes a dead letter of a reply that the provider could not deliver after all', async () => {
    const { world, providerId } = await answered()
    await using _ = world
    await world.tell({ providerId, status: 'failed', atMs: 5, reason: '131047 Re-engagement message' })
    expect(world.named('reply-failed')).toEqual([expect.objectContaining({ reason: '131047 Re-engagement message' })])
    const [letter] = await world.bot.deadLetters.list()
    expect(letter).toMatchObject({ kind: 'reply', uncertain: false, reason: '131047 Re-engagement message' })
    await world.bot.deadLetters.retry(letter?.id ?? '')
    await world.settle()
    expect(world.whatsapp.sent).toHaveLength(2)
  })

  it('says that an uncertain reply arrived', async () => {
    await using world = await startWorld({ whatsapp: { find: false } })
    world.whatsapp.faults.next('timeout-after-acceptance')
    world.whatsapp.customer('anna').says('hello')
    await world.clock.advance(60_000)
    const replyId = String(world.named('reply-held')[0]?.['replyId'])
    expect(await world.bot.deadLetters.list()).toHaveLength(1)
    await world.tell({ replyId, providerId: 'wamid.1', status: 'delivered', atMs: 5 })
    expect(await world.bot.deadLetters.list()).toEqual([])
    expect(world.named('reply-delivered')).toHaveLength(1)
  })

  it('is not lost when it comes before the answer to the send', async () => {
    await using world = await startWorld({ whatsapp: { sendLatencyMs: 500 } })
    world.whatsapp.customer('anna').says('hello')
    await world.settle()
    const told = world.tell({ providerId: 'sent-1', status: 'delivered', atMs: 5 })
    await world.clock.advance(500)
    await told
    expect(world.named('reply-sent')).toEqual([expect.objectContaining({ providerId: 'sent-1' })])
    expect(world.named('reply-delivered')).toHaveLength(1)
  })

  it('changes nothing where it is about no message of ours', async () => {
    const { world } = await answered()
    await using _ = world
    await world.tell({ providerId: 'somebody-elses', status: 'read', atMs: 5 })
    expect(world.named('reply-read')).toEqual([])
    expect(world.named('error')).toEqual([])
  })
})
