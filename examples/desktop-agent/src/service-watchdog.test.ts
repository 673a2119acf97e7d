import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { tellWatchdog } from './service-watchdog.ts'

test('tells systemd three times within its limit', async () => {
  const clock = virtualClock()
  let told = 0
  const tell = () => {
    told += 1
  }
  const stop = tellWatchdog({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '90000000' }, { clock, tell })
  await clock.advance(90_000)
  expect(told).toBe(4)
  stop()
  expect(clock.timers).toBe(0)
})

test.each([{}, { NOTIFY_SOCKET: '/run/x' }, { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: 'soon' }])(
  'tells nobody where nobody watches',
  (environment) => {
    const clock = virtualClock()
    tellWatchdog(environment, { clock, tell: () => expect.unreachable() })
    expect(clock.timers).toBe(0)
  },
)
