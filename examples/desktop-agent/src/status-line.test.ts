import { expect, test } from 'vitest'
import type { AgentStatus } from './agent-status.ts'
import { formatPhone } from './format-phone.ts'
import { statusLine } from './status-line.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const reading = { nowMs: noon, timeZone: 'Asia/Kolkata' }
const status: AgentStatus = {
  whatsApp: { state: 'connected', phone: '919876543210' },
  cloud: 'reachable',
  waitingMessages: 0,
  waitingReplies: 0,
  deadLetters: 0,
  startedAtMs: noon,
}

test('says in one line how it is', () => {
  expect(statusLine(status, reading)).toBe('Connected as +91 98765 43210 · cloud reachable · 0 waiting')
  const busy = { waitingMessages: 2, waitingReplies: 1, lastMessageAtMs: Date.UTC(2026, 10, 21, 8, 35) }
  expect(statusLine({ ...status, ...busy }, reading)).toBe(
    'Connected as +91 98765 43210 · cloud reachable · 3 waiting · last message 14:05',
  )
})

test('names the day of what is not of today, where the owner lives', () => {
  const lastMessageAtMs = Date.UTC(2026, 10, 20, 18, 29)
  expect(statusLine({ ...status, lastMessageAtMs }, reading)).toContain('last message 20 Nov 23:59')
})

test('says what the owner has to do', () => {
  const line = (state: AgentStatus['whatsApp']['state'], cloud: AgentStatus['cloud'] = 'reachable') =>
    statusLine({ ...status, whatsApp: { state }, cloud, deadLetters: 2 }, reading)
  expect(line('qr')).toBe('Scan the QR code with the phone · cloud reachable · 0 waiting · 2 not answered')
  expect(line('connected', 'away')).toContain('Connected · cloud away, messages are kept')
  expect(line('interrupted')).toContain('check the internet')
  const whatsApp = { state: 'restarting', reason: 'the browser did not start' } as const
  expect(statusLine({ ...status, whatsApp }, reading)).toMatch(/^Starting WhatsApp again: the browser did not start · /)
})

test.each([
  ['15550001111', '+1 55500 01111'],
  ['79161234567', '+7 91612 34567'],
  ['919876543210', '+91 98765 43210'],
  ['4915112345678', '+49 151 123 45678'],
  ['35312345678', '+353 123 45678'],
  ['971501234567', '+971 501 234 567'],
  ['', '+'],
])('writes %s as people do', (digits, written) => {
  expect(formatPhone(digits)).toBe(written)
})
