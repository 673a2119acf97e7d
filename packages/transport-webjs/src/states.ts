import type { ConnectionState } from '@wa-agent/core'

/**
 * Where the connection is.
 * - `stopped`: not started, or stopped.
 * - `starting`: the browser starts and loads WhatsApp Web.
 * - `qr`, `pairing-code`: a person has to link the phone.
 * - `syncing`: the phone is linked, the messages are not there yet.
 * - `connected`: messages come and go.
 * - `interrupted`: the browser is fine, WhatsApp cannot be reached.
 * - `restarting`: the browser has ended, or is being ended; the next one starts after a pause.
 * - `logged-out`: the owner unlinked the device; a new browser comes up with a QR code.
 * - `conflict`: this session is open elsewhere; it is taken back after a pause.
 * - `banned`, `refused`, `outdated`: the end, until a person has done something.
 */
export type WebjsState =
  | 'stopped'
  | 'starting'
  | 'qr'
  | 'pairing-code'
  | 'syncing'
  | 'connected'
  | 'interrupted'
  | 'restarting'
  | 'logged-out'
  | 'conflict'
  | 'banned'
  | 'refused'
  | 'outdated'

/** Why a browser is given up. */
export type LossReason =
  | 'browser-gone'
  | 'tab-crashed'
  | 'frozen'
  | 'silent'
  | 'never-ready'
  | 'launch-failed'
  | 'page-failed'
  | 'profile-in-use'
  | 'too-much-memory'
  | 'planned'
  | 'qr-expired'
  | 'unpaired'
  | 'logged-out'
  | 'conflict'
  | 'banned'
  | 'refused'
  | 'outdated'

/** What happens to the connection. */
export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'qr' }
  | { readonly type: 'pairing-code' }
  | { readonly type: 'authenticated' }
  /** The page is loaded anew. */
  | { readonly type: 'page-loading' }
  | { readonly type: 'ready' }
  /** WhatsApp Web's own word for the state of its socket, e.g. `TIMEOUT`. */
  | { readonly type: 'page-state'; readonly state: string }
  /** `words` may be logged and say more, e.g. how to install Chromium. */
  | { readonly type: 'lost'; readonly reason: LossReason; readonly words?: string }
  /** It has been connected for long enough to call it well. */
  | { readonly type: 'steady' }
  | { readonly type: 'pause-over' }

/** Everything that decides what comes next. */
export interface Connection {
  readonly state: WebjsState
  /** Losses in a row, which make the pauses grow. */
  readonly failures: number
  /** Why it is no longer, or not yet, connected. */
  readonly reason?: string
}

export const initialConnection: Connection = { state: 'stopped', failures: 0 }

/** Nothing brings these back but a person. */
const ended: ReadonlySet<WebjsState> = new Set(['stopped', 'banned', 'refused', 'outdated'])

/** The browser has ended or is being ended: what it still says does not count. */
const between: ReadonlySet<WebjsState> = new Set(['restarting', 'logged-out', 'conflict'])

/** Nobody's fault, and mended by a new browser at once. */
const harmless: ReadonlySet<LossReason> = new Set(['planned', 'qr-expired'])

/** They may be there from the beginning, when the library does not tell yet. */
const final: ReadonlySet<LossReason> = new Set(['banned', 'refused', 'outdated'])

const words: { readonly [Reason in LossReason]: string } = {
  'browser-gone': 'the browser has ended',
  'tab-crashed': 'the tab has crashed',
  frozen: 'the page does not answer',
  silent: 'the page says that it is connected, but nothing comes through',
  'never-ready': 'WhatsApp Web did not get ready in time',
  'launch-failed': 'the browser did not start',
  'page-failed': 'WhatsApp Web could not be loaded',
  'profile-in-use': 'another process has this session',
  'too-much-memory': 'the browser had grown too large',
  planned: 'a planned restart',
  'qr-expired': 'nobody scanned the QR code',
  unpaired: 'WhatsApp no longer knows this session',
  'logged-out': 'the device was unlinked',
  conflict: 'this session is open in another browser; it is taken back after a pause',
  banned: 'WhatsApp has blocked this number. Open WhatsApp on the phone and follow what it says; then start again',
  refused: 'WhatsApp refuses connections from this network. Leave the proxy or VPN out, then start again',
  outdated: 'WhatsApp Web is too old for WhatsApp. Update @wa-agent/transport-webjs, then start again',
}

/** The states of WhatsApp Web's socket that end a session. */
const endings: Readonly<Record<string, LossReason>> = {
  CONFLICT: 'conflict',
  TOS_BLOCK: 'banned',
  SMB_TOS_BLOCK: 'banned',
  PROXYBLOCK: 'refused',
  DEPRECATED_VERSION: 'outdated',
  UNPAIRED: 'unpaired',
  UNPAIRED_IDLE: 'unpaired',
  LOGOUT: 'logged-out',
}

/** Why the library says `disconnected`: LOGOUT, or the state that it did not like. */
export function lossOf(disconnected: string): LossReason {
  return endings[disconnected] ?? 'page-failed'
}

/** The whole of it: from a state and an event to the next state. What does not fit changes nothing. */
export function nextConnection(now: Connection, event: ConnectionEvent): Connection {
  if (event.type === 'stop') return initialConnection
  if (event.type === 'start') return ended.has(now.state) ? { state: 'starting', failures: 0 } : now
  if (ended.has(now.state)) return now
  if (event.type === 'pause-over') return between.has(now.state) ? { ...now, state: 'starting' } : now
  return between.has(now.state) ? now : afterSession(now, event)
}

/** What a running session tells. */
function afterSession(
  now: Connection,
  event: Exclude<ConnectionEvent, { type: 'start' | 'stop' | 'pause-over' }>,
): Connection {
  const isLinked = now.state === 'connected' || now.state === 'interrupted'
  switch (event.type) {
    case 'qr':
    case 'pairing-code':
      // Where there was a session, the library says `unpaired` first.
      return isLinked ? now : { ...now, state: event.type, reason: 'a person has to link the phone' }
    case 'authenticated':
      // It comes again with every synchronisation.
      return isLinked ? now : { state: 'syncing', failures: now.failures }
    case 'page-loading':
      return isLinked ? { state: 'syncing', failures: now.failures, reason: 'WhatsApp Web is loaded again' } : now
    case 'ready':
      return now.state === 'connected' ? now : { state: 'connected', failures: now.failures }
    case 'steady':
      return now.state === 'connected' ? { state: 'connected', failures: 0 } : now
    case 'page-state':
      return pageState(now, event.state)
    case 'lost':
      return lost(now, event)
  }
}

function pageState(now: Connection, state: string): Connection {
  if (state === 'CONNECTED') return now.state === 'interrupted' ? { state: 'connected', failures: now.failures } : now
  const reason = endings[state]
  if (reason !== undefined && final.has(reason)) return lost(now, { type: 'lost', reason })
  const isLinked = now.state === 'connected' || now.state === 'interrupted'
  // Until it was linked once, an unpaired page is as it should be.
  if (!isLinked) return now
  if (reason !== undefined) return lost(now, { type: 'lost', reason })
  const plain = /^[A-Z_]{1,30}$/.test(state) ? state : 'unknown'
  return { state: 'interrupted', failures: now.failures, reason: `WhatsApp cannot be reached (${plain})` }
}

function lost(now: Connection, loss: Extract<ConnectionEvent, { type: 'lost' }>): Connection {
  const reason = loss.words ?? words[loss.reason]
  switch (loss.reason) {
    case 'banned':
    case 'refused':
    case 'outdated':
      return { state: loss.reason, failures: 0, reason }
    case 'logged-out':
    case 'unpaired':
      // Where it never was connected, the next browser may well find the same.
      return { state: 'logged-out', failures: now.state === 'connected' ? 0 : now.failures + 1, reason }
    case 'conflict':
      return { state: 'conflict', failures: now.failures + 1, reason }
    default:
      return { state: 'restarting', failures: harmless.has(loss.reason) ? 0 : now.failures + 1, reason }
  }
}

/** What the engine is told. */
export function connectionStateOf(state: WebjsState): ConnectionState {
  switch (state) {
    case 'stopped':
      return 'stopped'
    case 'starting':
    case 'syncing':
      return 'connecting'
    case 'qr':
    case 'pairing-code':
      return 'needs-login'
    case 'connected':
      return 'connected'
    case 'interrupted':
    case 'restarting':
    case 'logged-out':
    case 'conflict':
    case 'banned':
    case 'refused':
    case 'outdated':
      return 'disconnected'
  }
}
