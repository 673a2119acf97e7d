import { recordingHost, virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { Arrivals } from './arrivals.ts'
import { settingsOf } from './options.ts'
import { OwnMessages } from './own-messages.ts'
import { messagesSince, recentChats } from './page.ts'
import type { Session } from './session.ts'

const anna = '15550002222@c.us'
const raw = (id: string) => ({ id: { fromMe: false, remote: anna, id }, type: 'chat', t: 1_760_000_000, body: id })

/** Arrivals with a session whose page has missed these messages. */
function arriving(missed: readonly string[], unreadable?: string) {
  const clock = virtualClock()
  const host = recordingHost({ clock })
  const gone = new AbortController()
  const answers = new Map<unknown, unknown>([
    [recentChats, unreadable === undefined ? [anna] : [unreadable, anna]],
    [messagesSince, missed.map(raw)],
  ])
  const run = async (question: unknown, which?: { readonly chat?: string }) => {
    if (unreadable !== undefined && which?.chat === unreadable) throw new Error('The page has changed.')
    return answers.get(question) ?? {}
  }
  const session = { me: ['15550001111@c.us'], choosesIds: true, gone: gone.signal, run } as unknown as Session
  const { logger } = host
  const common = { host, clock, logger, settings: settingsOf({}), random: () => 0.5, own: new OwnMessages(clock) }
  const arrivals = new Arrivals({ ...common, session: () => session })
  const catchUp = () => arrivals.catchUp({ sinceMs: 0, signal: gone.signal })
  const settle = () => clock.advance(0)
  return { arrivals, catchUp, clock, settle, received: () => host.received.map(({ id }) => id.split('_').at(-1)) }
}

test('what was missed comes in, and is asked for again, although one chat cannot be read', async () => {
  const { catchUp, received } = arriving(['1', '2'], '15550003333@c.us')
  await expect(catchUp()).rejects.toThrow('The page has changed.')
  expect(received()).toEqual(['1', '2'])
})

describe('what comes by itself', () => {
  test('waits until what was missed before it is in', async () => {
    const { arrivals, catchUp, settle, received } = arriving(['1', '2'])
    arrivals.connected()
    arrivals.message(raw('3'))
    await settle()
    expect(received()).toEqual([])
    await catchUp()
    await settle()
    arrivals.message(raw('4'))
    await settle()
    expect(received()).toEqual(['1', '2', '3', '4'])
  })

  test('waits again after a disconnection', async () => {
    const { arrivals, catchUp, settle, received } = arriving(['1'])
    arrivals.connected()
    await catchUp()
    arrivals.disconnected()
    arrivals.message(raw('5'))
    await settle()
    expect(received()).toEqual(['1'])
    await catchUp()
    await settle()
    expect(received()).toEqual(['1', '1', '5'])
  })

  test('waits no longer than twenty seconds', async () => {
    const { arrivals, clock, received } = arriving([])
    arrivals.connected()
    arrivals.message(raw('1'))
    await clock.advance(19_999)
    expect(received()).toEqual([])
    await clock.advance(1)
    expect(received()).toEqual(['1'])
  })
})
