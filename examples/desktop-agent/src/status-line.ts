import type { AgentStatus } from './agent-status.ts'
import { formatPhone } from './format-phone.ts'

/** When the line is read, and where. */
export interface Reading {
  readonly nowMs: number
  /** Default: the computer's. */
  readonly timeZone?: string
}

/** The agent in one line, e.g. `Connected as +91 98765 43210 · cloud reachable · 3 waiting · last message 14:05`. */
export function statusLine(status: AgentStatus, reading: Reading): string {
  const { waitingMessages, waitingReplies, deadLetters, lastMessageAtMs } = status
  return [
    headline(status),
    `${waitingMessages + waitingReplies} waiting`,
    ...(deadLetters > 0 ? [`${deadLetters} not answered`] : []),
    ...(lastMessageAtMs === undefined ? [] : [`last message ${clockTime(lastMessageAtMs, reading)}`]),
  ].join(' · ')
}

/** The part of the line that says whether everything is well. */
export function headline({ whatsApp, cloud }: AgentStatus): string {
  return `${whatsAppWords(whatsApp)} · ${cloudWords[cloud]}`
}

const cloudWords: Readonly<Record<AgentStatus['cloud'], string>> = {
  unknown: 'cloud not asked yet',
  reachable: 'cloud reachable',
  away: 'cloud away, messages are kept',
  refused: 'the cloud refuses the API key',
  superseded: 'another computer has taken over',
  paused: 'paused by the cloud, messages are kept',
}

function whatsAppWords({ state, phone, reason }: AgentStatus['whatsApp']): string {
  switch (state) {
    case 'stopped':
      return 'Stopped'
    case 'starting':
      return 'Starting WhatsApp'
    case 'qr':
      return 'Scan the QR code with the phone'
    case 'pairing-code':
      return 'Type the code on the phone'
    case 'syncing':
      return 'Phone linked, loading chats'
    case 'connected':
      return phone === undefined ? 'Connected' : `Connected as ${formatPhone(phone)}`
    case 'interrupted':
      return 'WhatsApp cannot be reached, check the internet'
    case 'restarting':
      // It may be something that only a person can change, such as a folder that cannot be written.
      return reason === undefined ? 'Starting WhatsApp again' : `Starting WhatsApp again: ${reason}`
    case 'logged-out':
      return 'Logged out, a new QR code is coming'
    case 'conflict':
      return 'WhatsApp Web was opened elsewhere, taking it back'
    case 'banned':
      return 'WhatsApp has blocked this number, see the phone'
    case 'refused':
      return 'WhatsApp refuses this network, leave VPN and proxy out'
    case 'outdated':
      return 'Too old for WhatsApp, update the agent'
  }
}

/** `14:05`, and the day before it where that is not today. */
function clockTime(atMs: number, { nowMs, timeZone }: Reading): string {
  const inZone = timeZone === undefined ? {} : { timeZone }
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...inZone })
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...inZone }).format(atMs)
  return day.format(atMs) === day.format(nowMs) ? time : `${day.format(atMs)} ${time}`
}
