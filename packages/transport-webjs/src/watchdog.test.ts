import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { type Pulse, Watchdog, type WatchdogSettings, type Watched } from './watchdog.ts'

const second = 1000
const minute = 60 * second

/** A session whose answers the test decides. */
function watched(settings: Partial<WatchdogSettings> = {}) {
  const clock = virtualClock()
  const heard = new Set<string>()
  const told: string[] = []
  const session = {
    pulse: async (): Promise<Pulse> => ({ state: 'CONNECTED' }),
    reach: async (): Promise<unknown> => true,
    memory: 0,
    idle: true,
  }
  const tell = (what: string) => void told.push(what)
  const view: Watched = {
    pulse: () => session.pulse(),
    reach: () => session.reach(),
    reconnect: async () => tell('reconnect'),
    memoryBytes: async () => session.memory,
    isIdle: () => session.idle,
    hasHeardOf: (id) => heard.has(id),
    fetchMissed: async (sinceMs) => tell(`fetch since ${sinceMs}`),
    pageState: (state) => state !== 'CONNECTED' && tell(state),
    steady: () => tell('steady'),
    lose: (reason) => tell(`lost: ${reason}`),
  }
  const watchdog = new Watchdog(clock, view, {
    heartbeatMs: 30 * second,
    pageTimeoutMs: 30 * second,
    silenceMs: 5 * minute,
    plannedRestartMs: false,
    maxBrowserMemoryBytes: false,
    ...settings,
  })
  return { clock, session, told, heard, watchdog }
}

const never = () => new Promise<never>(() => undefined)

describe('the watchdog', () => {
  test('says once that all is well, and nothing else while it is', async () => {
    const { clock, told, watchdog } = watched()
    for (let count = 0; count < 60; count += 1) {
      watchdog.heard()
      await clock.advance(minute)
    }
    expect(told).toEqual(['steady'])
  })

  test('gives a page up that does not answer twice in a row, and not one that answers again', async () => {
    const { clock, told, session } = watched()
    session.pulse = never
    await clock.advance(minute)
    session.pulse = async () => ({ state: 'CONNECTED' })
    await clock.advance(minute)
    expect(told).not.toContain('lost: frozen')
    session.pulse = never
    await clock.advance(2 * minute)
    expect(told.at(-1)).toBe('lost: frozen')
    expect(clock.timers).toBe(0)
  })

  test('gives a page up that throws, as one that does not answer', async () => {
    const { clock, told, session } = watched()
    session.pulse = () => Promise.reject(new Error('detached Frame'))
    await clock.advance(minute)
    expect(told).toEqual(['lost: frozen'])
  })

  test('tells how WhatsApp is reached, and gives up what is not reached for minutes', async () => {
    const { clock, told, session } = watched()
    session.pulse = async () => ({ state: 'TIMEOUT' })
    await clock.advance(3 * minute)
    expect(told).toEqual(Array(6).fill('TIMEOUT'))
    await clock.advance(minute)
    expect(told.at(-1)).toBe('lost: silent')
  })

  test('asks WhatsApp itself after a silence, and connects anew after a long one', async () => {
    const { clock, told, session } = watched()
    let asked = 0
    session.reach = async () => {
      asked += 1
    }
    await clock.advance(4 * minute)
    expect(asked).toBe(0)
    await clock.advance(2 * minute)
    expect(asked).toBe(1)
    await clock.advance(10 * minute)
    expect(asked).toBe(3)
    expect(told).toEqual(['steady', 'reconnect'])
    session.reach = never
    await clock.advance(7 * minute)
    expect(told.at(-1)).toBe('lost: silent')
  })

  test('fetches what the page has and nobody told us, and gives a page up that stays deaf', async () => {
    const { clock, told, session, heard } = watched()
    const atS = clock.now() / 1000
    const has = (id: string, t: number) => {
      session.pulse = async () => ({ state: 'CONNECTED', newest: { id, t } })
    }
    has('old', atS - 100)
    await clock.advance(2 * minute)
    has('told', atS + 60)
    heard.add('told')
    await clock.advance(2 * minute)
    expect(told).toEqual(['steady'])
    has('missed', atS + 90)
    await clock.advance(2 * minute)
    expect(told).toEqual(['steady', `fetch since ${(atS - 100) * 1000}`])
    has('missed again', atS + 120)
    await clock.advance(2 * minute)
    has('and again', atS + 150)
    await clock.advance(2 * minute)
    expect(told.slice(2)).toEqual([`fetch since ${(atS + 90) * 1000}`, 'lost: silent'])
  })

  test('restarts what is due or too large once nothing is being sent, and in the end anyway', async () => {
    const due = watched({ plannedRestartMs: 10 * minute })
    due.session.idle = false
    await due.clock.advance(10 * minute + 30 * second)
    expect(due.told).toEqual(['steady'])
    due.session.idle = true
    await due.clock.advance(30 * second)
    expect(due.told.at(-1)).toBe('lost: planned')

    const large = watched({ maxBrowserMemoryBytes: 1000 })
    large.session.memory = 1000
    await large.clock.advance(minute)
    large.session.memory = 1001
    large.session.idle = false
    await large.clock.advance(2 * minute)
    expect(large.told).toEqual(['steady'])
    await large.clock.advance(minute)
    expect(large.told.at(-1)).toBe('lost: too-much-memory')
  })

  test('that was stopped says nothing more', async () => {
    const { clock, told, session, watchdog } = watched()
    session.pulse = never
    await clock.advance(40 * second)
    watchdog.stop()
    await clock.advance(10 * minute)
    expect(told).toEqual([])
    expect(clock.timers).toBe(0)
  })
})
