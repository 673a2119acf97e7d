import { defineAgent, WaAgentError } from '@wa-agent/core'
import { describe, expect, it } from 'vitest'
import { startWorld } from './world.ts'

/** Fails on texts that hold "poison", as often as told, then answers. */
function fragile(failures: number) {
  let failed = 0
  return defineAgent({
    name: 'fragile',
    description: 'Fails now and then.',
    respond({ text, reply }) {
      if (text.includes('poison') && failed < failures) {
        failed += 1
        throw new Error('it broke')
      }
      reply.text(`ok ${text.replaceAll('\n', ' + ')}`)
    },
  })
}

const fallback = 'Sorry, something went wrong on our side. A person will look into it.'

describe('turns that fail', () => {
  it('tries again after 2 s, 4 s, 8 s, and answers once', async () => {
    await using world = await startWorld({ agents: [fragile(3)] })
    const anna = world.whatsapp.customer('anna')
    anna.says('poison')
    await world.settle()
    for (const pauseMs of [2000, 4000, 8000]) {
      expect(anna.texts).toEqual([])
      await world.clock.advance(pauseMs - 1)
      expect(anna.texts).toEqual([])
      await world.clock.advance(1)
    }
    expect(anna.texts).toEqual(['ok poison'])
    expect(world.named('turn-failed').map((event) => event['attempt'])).toEqual([1, 2, 3])
  })

  it('gives up after the last attempt: dead letter, fallback answer, and the conversation goes on', async () => {
    await using world = await startWorld({ agents: [fragile(99)], bot: { retry: { maxAttempts: 2 } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('poison')
    await world.clock.advance(10_000)
    anna.says('hello')
    await world.settle()
    expect(anna.texts).toEqual([fallback, 'ok hello'])
    const [letter, ...others] = await world.bot.deadLetters.list()
    expect(others).toEqual([])
    expect(letter).toMatchObject({ kind: 'message', attempts: 2, conversation: { chat: 'anna' } })
  })

  it('blocks no other conversation', async () => {
    await using world = await startWorld({ agents: [fragile(99)] })
    world.whatsapp.customer('anna').says('poison')
    await world.settle()
    const bert = world.whatsapp.customer('bert')
    bert.says('hello')
    await world.settle()
    expect(bert.texts).toEqual(['ok hello'])
  })

  it('lets what comes later neither die with a failing message nor overtake it', async () => {
    await using world = await startWorld({ agents: [fragile(99)], bot: { retry: { maxAttempts: 3 } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('poison')
    await world.settle()
    anna.says('hello')
    await world.settle()
    expect(anna.texts).toEqual([])
    await world.clock.advance(60_000)
    expect(anna.texts).toEqual([fallback, 'ok hello'])
    expect(await world.bot.deadLetters.list()).toHaveLength(1)
  })

  it('does not try again what cannot succeed', async () => {
    const refusing = defineAgent({
      name: 'refusing',
      description: 'Refuses.',
      respond() {
        throw new WaAgentError('model_failed', 'The key is wrong.')
      },
    })
    await using world = await startWorld({ agents: [refusing] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hi')
    await world.settle()
    expect(anna.texts).toEqual([fallback])
    expect(world.named('turn-dead')).toHaveLength(1)
  })

  it('stops an agent that takes too long, and drops what it says later', async () => {
    const late: string[] = []
    const slow = defineAgent({
      name: 'slow',
      description: 'Never ends in time.',
      async respond({ reply, signal }) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        late.push('spoke')
        reply.text('too late')
      },
    })
    await using world = await startWorld({ agents: [slow], bot: { retry: { maxAttempts: 1 } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('hi')
    await world.clock.advance(30_000)
    expect(late).toEqual(['spoke'])
    expect(anna.texts).toEqual([fallback])
    expect(world.named('turn-dead')[0]?.['error']).toMatchObject({ code: 'turn_timeout' })
  })

  it('answers a dead letter that is tried again, and forgets one that is discarded', async () => {
    await using world = await startWorld({ agents: [fragile(2)], bot: { retry: { maxAttempts: 1 } } })
    const { deadLetters } = world.bot
    const letters = async () => (await deadLetters.list()).map(({ message }) => message.type === 'text' && message.text)
    const anna = world.whatsapp.customer('anna')
    anna.burst(['poison 1', 'poison 2'])
    await world.settle()
    expect(await letters()).toEqual(['poison 1', 'poison 2'])
    expect(anna.texts).toEqual([fallback])
    const [first, second] = (await deadLetters.list()).map(({ id }) => id) as [string, string]
    await deadLetters.retry(first)
    await world.settle()
    expect(await letters()).toEqual(['poison 1', 'poison 2'])
    expect(anna.texts).toEqual([fallback, fallback])
    await deadLetters.retry(first)
    await world.settle()
    expect(await letters()).toEqual(['poison 2'])
    expect(anna.texts).toEqual([fallback, fallback, 'ok poison 1'])
    await deadLetters.discard(second)
    expect(await letters()).toEqual([])
    for (const gone of [first, second, 'nothing']) {
      await expect(deadLetters.retry(gone)).rejects.toMatchObject({ code: 'not_found' })
      await expect(deadLetters.discard(gone)).rejects.toMatchObject({ code: 'not_found' })
    }
    await world.clock.advance(60_000)
    expect(anna.texts).toEqual([fallback, fallback, 'ok poison 1'])
    expect(world.named('turn-dead').map((event) => event['messageIds'])).toEqual([['in-1', 'in-2'], ['in-1']])
    expect(world.named('turn-committed').map((event) => event['messageIds'])).toEqual([['in-1']])
  })

  it('makes a dead letter of a turn whose session cannot be stored, and does not run in circles', async () => {
    let turns = 0
    const broken = defineAgent({
      name: 'broken',
      description: 'Keeps what is no JSON.',
      respond({ session, reply }) {
        turns += 1
        Object.assign(session as object, { amount: 10n })
        reply.text('hello')
      },
    })
    await using world = await startWorld({ agents: [broken] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hi')
    await world.clock.advance(60_000)
    expect(turns).toBe(1)
    expect(anna.texts).toEqual([fallback])
    expect(await world.bot.deadLetters.list()).toHaveLength(1)
  })

  it('keeps the session as it was before the attempt that failed', async () => {
    let failed = false
    const counter = defineAgent({
      name: 'counter',
      description: 'Counts.',
      respond({ session, reply }) {
        const own = session as { count?: number }
        own.count = (own.count ?? 0) + 1
        if (!failed) {
          failed = true
          throw new Error('after the change')
        }
        reply.text(`${own.count}`)
      },
    })
    await using world = await startWorld({ agents: [counter] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hi')
    await world.clock.advance(2000)
    expect(anna.texts).toEqual(['1'])
  })
})
