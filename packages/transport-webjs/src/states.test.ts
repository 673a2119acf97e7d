import { describe, expect, test } from 'vitest'
import { type Connection, type ConnectionEvent, lossOf, nextConnection, type WebjsState } from './states.ts'

const at = (state: WebjsState, failures = 0): Connection => ({ state, failures })
const lost = (reason: Extract<ConnectionEvent, { type: 'lost' }>['reason']): ConnectionEvent => ({
  type: 'lost',
  reason,
})
const says = (state: string): ConnectionEvent => ({ type: 'page-state', state })

describe('the connection', () => {
  test.each<readonly [WebjsState, ConnectionEvent, WebjsState]>([
    ['stopped', { type: 'start' }, 'starting'],
    ['banned', { type: 'start' }, 'starting'],
    ['starting', { type: 'qr' }, 'qr'],
    ['starting', { type: 'pairing-code' }, 'pairing-code'],
    ['starting', { type: 'authenticated' }, 'syncing'],
    ['qr', { type: 'authenticated' }, 'syncing'],
    ['pairing-code', { type: 'authenticated' }, 'syncing'],
    ['syncing', { type: 'ready' }, 'connected'],
    ['starting', { type: 'ready' }, 'connected'],
    ['interrupted', { type: 'ready' }, 'connected'],
    ['connected', { type: 'page-loading' }, 'syncing'],
    ['connected', says('TIMEOUT'), 'interrupted'],
    ['connected', says('OPENING'), 'interrupted'],
    ['interrupted', says('CONNECTED'), 'connected'],
    ['connected', says('CONFLICT'), 'conflict'],
    ['connected', says('TOS_BLOCK'), 'banned'],
    ['interrupted', says('SMB_TOS_BLOCK'), 'banned'],
    ['starting', says('TOS_BLOCK'), 'banned'],
    ['qr', says('DEPRECATED_VERSION'), 'outdated'],
    ['connected', says('PROXYBLOCK'), 'refused'],
    ['connected', says('DEPRECATED_VERSION'), 'outdated'],
    ['connected', says('UNPAIRED'), 'logged-out'],
    ['connected', lost('logged-out'), 'logged-out'],
    ['connected', lost('browser-gone'), 'restarting'],
    ['qr', lost('qr-expired'), 'restarting'],
    ['starting', lost('launch-failed'), 'restarting'],
    ['restarting', { type: 'pause-over' }, 'starting'],
    ['logged-out', { type: 'pause-over' }, 'starting'],
    ['conflict', { type: 'pause-over' }, 'starting'],
    ['connected', { type: 'stop' }, 'stopped'],
    ['restarting', { type: 'stop' }, 'stopped'],
  ])('%s, %o: %s', (state, event, expected) => {
    expect(nextConnection(at(state), event).state).toBe(expected)
  })

  test.each<readonly [WebjsState, ConnectionEvent]>([
    // Both come again with every synchronisation.
    ['connected', { type: 'ready' }],
    ['connected', { type: 'authenticated' }],
    ['connected', { type: 'start' }],
    ['connected', says('CONNECTED')],
    ['connected', { type: 'qr' }],
    // What a browser still says that was given up.
    ['restarting', { type: 'ready' }],
    ['restarting', lost('browser-gone')],
    ['conflict', says('CONNECTED')],
    ['starting', says('OPENING')],
    ['starting', says('UNPAIRED')],
    ['qr', says('UNPAIRED_IDLE')],
    ['syncing', { type: 'steady' }],
    // Only a person brings these back.
    ['banned', { type: 'pause-over' }],
    ['banned', lost('browser-gone')],
    ['outdated', { type: 'ready' }],
    ['stopped', { type: 'ready' }],
  ])('%s is not changed by %o', (state, event) => {
    const before = at(state)
    expect(nextConnection(before, event)).toBe(before)
  })

  test('losses in a row are counted, until it has been well for a while', () => {
    let connection = at('connected')
    const go = (...events: readonly ConnectionEvent[]) => {
      for (const event of events) connection = nextConnection(connection, event)
      return connection.failures
    }
    const again: readonly ConnectionEvent[] = [{ type: 'pause-over' }, { type: 'authenticated' }, { type: 'ready' }]
    expect(go(lost('frozen'))).toBe(1)
    expect(go(...again, lost('tab-crashed'))).toBe(2)
    expect(go(...again)).toBe(2)
    expect(go({ type: 'steady' })).toBe(0)
    expect(go(lost('planned'))).toBe(0)
  })

  test('a session that WhatsApp does not know is no reason to start browsers without a pause', () => {
    expect(nextConnection(at('starting'), lost('unpaired')).failures).toBe(1)
    expect(nextConnection(at('connected'), lost('unpaired')).failures).toBe(0)
  })

  test('it says why, in words of ours or those that are given', () => {
    expect(nextConnection(at('connected'), says('TOS_BLOCK')).reason).toMatch(/Open WhatsApp on the phone/)
    expect(nextConnection(at('connected'), says('TIMEOUT')).reason).toBe('WhatsApp cannot be reached (TIMEOUT)')
    expect(nextConnection(at('connected'), says('+15550001111')).reason).toBe('WhatsApp cannot be reached (unknown)')
    const words = 'stop the other one'
    expect(nextConnection(at('starting'), { type: 'lost', reason: 'profile-in-use', words }).reason).toBe(words)
  })
})

test('what the library calls disconnected has a reason', () => {
  expect(['LOGOUT', 'CONFLICT', 'UNPAIRED', 'something new'].map(lossOf)).toEqual([
    'logged-out',
    'conflict',
    'unpaired',
    'page-failed',
  ])
})
