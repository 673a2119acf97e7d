import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import type { AgentStatus, CloudState } from './agent-status.ts'
import { createAlerts, type Notice } from './alerts.ts'

const minuteMs = 60_000

function setUp() {
  const clock = virtualClock()
  const told: Notice[] = []
  const alerts = createAlerts({
    notify: (notice) => told.push(notice),
    clock,
    qrUrl: () => 'http://localhost:3001/qr',
  })
  const be = (state: AgentStatus['whatsApp']['state'], cloud: CloudState = 'reachable') =>
    alerts.update({
      whatsApp: { state },
      cloud,
      waitingMessages: 0,
      waitingReplies: 0,
      deadLetters: 0,
      startedAtMs: 0,
    })
  return { clock, alerts, be, titles: () => told.splice(0).map(({ title }) => title) }
}

test('asks once to scan, however often the code and the browser change', async () => {
  const { clock, be, titles } = setUp()
  for (let hour = 0; hour < 5; hour += 1) {
    for (const state of ['starting', 'qr', 'restarting'] as const) be(state)
    await clock.advance(60 * minuteMs)
  }
  expect(titles()).toEqual(['Scan the QR code'])
})

test('says that the phone logged out, once, and nothing of the code that follows', () => {
  const { be, titles } = setUp()
  be('connected')
  for (const state of ['logged-out', 'starting', 'qr'] as const) be(state)
  expect(titles()).toEqual(['WhatsApp is logged out'])
})

test('says that the phone logged out, also minutes after it was linked', async () => {
  const { clock, be, titles } = setUp()
  for (const state of ['qr', 'connected', 'logged-out', 'qr'] as const) be(state)
  expect(titles()).toEqual(['Scan the QR code', 'WhatsApp is logged out'])
  be('connected')
  be('qr')
  be('logged-out')
  await clock.advance(10 * minuteMs)
  expect(titles()).toEqual(['WhatsApp is logged out'])
})

test('says the same thing again only after it was well in between, and ten minutes later at the soonest', async () => {
  const { clock, be, titles } = setUp()
  be('logged-out')
  be('connected')
  be('logged-out')
  expect(titles()).toEqual(['WhatsApp is logged out'])
  await clock.advance(9 * minuteMs)
  expect(titles()).toEqual([])
  await clock.advance(minuteMs)
  expect(titles()).toEqual(['WhatsApp is logged out'])
  be('connected')
  be('logged-out')
  be('connected')
  await clock.advance(60 * minuteMs)
  expect(titles()).toEqual([])
})

test('does not speak of a cloud that was away for less than a minute', async () => {
  const { clock, be, titles } = setUp()
  be('connected', 'away')
  await clock.advance(minuteMs - 1)
  be('connected', 'reachable')
  await clock.advance(minuteMs)
  expect(titles()).toEqual([])
  be('connected', 'away')
  be('interrupted', 'away')
  await clock.advance(minuteMs)
  expect(titles()).toEqual(['The cloud server cannot be reached'])
})

test('calls for everything else that needs a person', () => {
  const { be, titles } = setUp()
  be('banned')
  be('connected', 'refused')
  be('connected', 'superseded')
  expect(titles()).toEqual([
    'WhatsApp does not work',
    'The cloud server refuses the API key',
    'Another computer has taken over',
  ])
})

test('tells of customers who want a person at most once a minute, and forgets none', async () => {
  const { clock, alerts, titles } = setUp()
  for (let wish = 0; wish < 4; wish += 1) alerts.personWanted()
  expect(titles()).toEqual(['A customer wants to talk to you'])
  await clock.advance(minuteMs)
  expect(titles()).toEqual(['3 customers want to talk to you'])
  await clock.advance(minuteMs)
  alerts.personWanted()
  expect(titles()).toEqual(['A customer wants to talk to you'])
  alerts.stop()
  expect(clock.timers).toBe(0)
})
