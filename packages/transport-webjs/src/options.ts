import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { type Clock, type Logger, type SendLimits, WaAgentError } from '@wa-agent/core'
import { webjsLimits } from './limits.ts'
import type { QrCode } from './qr.ts'

/** A phone to be linked by a code that is typed on it, instead of a QR code. */
export interface PairWithPhone {
  /** The number in international form, digits only, e.g. `15550001111`. */
  readonly phone: string
  /** Whether WhatsApp shows a notification on the phone. Default `true`. */
  readonly notification?: boolean
}

/** How long somebody seems to write before a text goes out. */
export interface Typing {
  /** Default 30. */
  readonly msPerCharacter?: number
  /** Default 400. */
  readonly leastMs?: number
  /** Default 4,000. */
  readonly mostMs?: number
}

/** How far is looked back for what arrived meanwhile; the bot's `catchUpMaxAgeMs` limits it too. */
export interface CatchUpLimits {
  /** Default 100: those with the latest messages. */
  readonly chats?: number
  /** Default 200: the latest. */
  readonly messagesPerChat?: number
}

/** How a transport through WhatsApp Web is made. Everything may be left out. */
export interface WebjsTransportOptions {
  /** Default `default`. */
  readonly tenant?: string
  /** Default `main`. */
  readonly channel?: string
  /** Where the sessions are kept. They are as good as the phone itself. Default `.wa-agent/whatsapp-web`. */
  readonly sessionDir?: string
  /** The name of this session in `sessionDir`: letters, digits, `-` and `_`. Default: made of tenant and channel. */
  readonly clientId?: string
  /** The browser. Default: `PUPPETEER_EXECUTABLE_PATH`, `CHROME_PATH`, or Chromium or Chrome in a usual place. */
  readonly executablePath?: string
  /** `false` shows the window, `'shell'` is for `chromium-headless-shell`. Default `true`. */
  readonly headless?: boolean | 'shell'
  /** More arguments for the browser. */
  readonly browserArgs?: readonly string[]
  /** Links by a code that is typed on the phone. Default: by a QR code. */
  readonly pairWithPhone?: PairWithPhone
  /** Takes a QR code to be scanned. Default: it is drawn in the terminal. */
  readonly onQr?: (code: QrCode) => void
  /** Takes a pairing code to be typed on the phone. Default: it is shown in the terminal. */
  readonly onPairingCode?: (code: string) => void
  /** Whether groups are served. Default `false`: what is said in them is not heard. */
  readonly groups?: boolean
  /** Default: as somebody who types quickly; `false` sends at once. */
  readonly typing?: Typing | false
  /** Whether the customer sees that their message was read, before it is answered. Default `true`. */
  readonly markSeen?: boolean
  readonly catchUp?: CatchUpLimits
  /** How fast is sent. Default: `webjsLimits`, as a person would. */
  readonly limits?: SendLimits
  /** For how long WhatsApp may take to accept a message, before it is `uncertain`. Default 15,000. */
  readonly ackTimeoutMs?: number
  /** For how long the page may take for anything. Default 30,000. */
  readonly pageTimeoutMs?: number
  /** Until there is a QR code, or WhatsApp Web is ready. Default 120,000. */
  readonly startTimeoutMs?: number
  /** How often it is looked whether the page answers. Default 30,000. */
  readonly heartbeatMs?: number
  /**
   * After so much silence WhatsApp itself is asked for a sign of life; after three times as much the page connects anew, since
   * one that answers may yet deliver nothing. Default 300,000.
   */
  readonly silenceMs?: number
  /** A code that nobody scans is replaced after so long. Default 90,000; pairing codes: 200,000. */
  readonly codeIdleMs?: number
  /** A session that is open elsewhere is taken back after so long; the pause grows. `false`: never. Default 60,000. */
  readonly takeBackAfterMs?: number | false
  /** The browser is restarted so often, when nothing is being sent. `false`: never. Default 43,200,000 (12 hours). */
  readonly plannedRestartMs?: number | false
  /** The browser is restarted when it takes more memory. `false`: never. Default 2,147,483,648 (2 GiB). */
  readonly maxBrowserMemoryBytes?: number | false
  /** The largest file that is sent or opened. Default 67,108,864 (64 MiB). */
  readonly maxMediaBytes?: number
  /** Hosts whose files may be sent although they are not public, e.g. `http://127.0.0.1:8080`. Default: none. */
  readonly allowedMediaHosts?: readonly string[]
  /** Takes the place of the machine's time, and of the bot's. */
  readonly clock?: Clock
  /** Default: that of the bot. */
  readonly logger?: Logger
}

export type Settings = ReturnType<typeof settingsOf>

/** Checks the options and fills in the defaults. */
export function settingsOf(options: WebjsTransportOptions) {
  const { tenant = 'default', channel = 'main', sessionDir = '.wa-agent/whatsapp-web' } = options
  checkText({ tenant, channel, sessionDir })
  const { clientId = clientIdOf(tenant, channel), pairWithPhone, groups = false, markSeen = true } = options
  if (!/^[-_A-Za-z0-9]{1,100}$/.test(clientId)) throw wrong('clientId', 'letters, digits, `-` and `_`', clientId)
  if (pairWithPhone && !/^[1-9]\d{5,14}$/.test(pairWithPhone.phone)) {
    throw wrong('pairWithPhone.phone', 'a number in international form, digits only')
  }
  const times = timesOf(options)
  const { maxMediaBytes = 64 * 2 ** 20, maxBrowserMemoryBytes = 2 * 2 ** 30 } = options
  const { chats = 100, messagesPerChat = 200 } = options.catchUp ?? {}
  checkCounts({ ...times, maxMediaBytes, maxBrowserMemoryBytes, 'catchUp.chats': chats })
  checkCounts({ 'catchUp.messagesPerChat': messagesPerChat })
  const { executablePath, headless = true, browserArgs = [], onQr, onPairingCode, allowedMediaHosts = [] } = options
  return {
    ...{ tenant, channel, clientId, pairWithPhone, groups, markSeen, executablePath, headless, onQr, onPairingCode },
    ...{ ...times, maxMediaBytes, maxBrowserMemoryBytes },
    sessionDir: resolve(sessionDir),
    browserArgs: [...browserArgs],
    allowedMediaHosts: [...allowedMediaHosts],
    typing: typingOf(options.typing),
    catchUp: { chats, messagesPerChat },
    limits: { ...webjsLimits, ...options.limits },
    clock: options.clock,
    logger: options.logger,
  }
}

function timesOf(options: WebjsTransportOptions) {
  const { ackTimeoutMs = 15_000, pageTimeoutMs = 30_000, startTimeoutMs = 120_000, heartbeatMs = 30_000 } = options
  const { silenceMs = 300_000, takeBackAfterMs = 60_000, plannedRestartMs = 43_200_000 } = options
  const { codeIdleMs = options.pairWithPhone ? 200_000 : 90_000 } = options
  return {
    ...{ ackTimeoutMs, pageTimeoutMs, startTimeoutMs, heartbeatMs, silenceMs },
    ...{ takeBackAfterMs, plannedRestartMs, codeIdleMs },
  }
}

function typingOf(typing: Typing | false = {}): Required<Typing> | false {
  if (typing === false) return false
  const { msPerCharacter = 30, leastMs = 400, mostMs = 4000 } = typing
  checkCounts({
    'typing.msPerCharacter': msPerCharacter + 1,
    'typing.leastMs': leastMs + 1,
    'typing.mostMs': mostMs + 1,
  })
  return { msPerCharacter, leastMs, mostMs }
}

/** A name for a folder; names that differ give folders that differ. */
function clientIdOf(tenant: string, channel: string): string {
  const plain = `${tenant}-${channel}`
  if (/^[A-Za-z0-9]+-[A-Za-z0-9]+$/.test(plain)) return plain
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, channel]))
    .digest('hex')
  return `${plain.replace(/[^-_A-Za-z0-9]/g, '_').slice(0, 60)}-${hash.slice(0, 8)}`
}

function checkText(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string' && value.trim() !== '') continue
    throw wrong(name, 'a text that is not empty', typeof value === 'string' ? 'an empty one' : typeof value)
  }
}

function checkCounts(values: Readonly<Record<string, number | false>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === false || (Number.isInteger(value) && value > 0)) continue
    throw wrong(name, 'a whole number above 0', value)
  }
}

function wrong(name: string, expected: string, got?: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[transport-webjs] Expected \`${name}\` to be ${expected}${got === undefined ? '' : `, got ${String(got)}`}. Pass it to webjsTransport().`,
  )
}
