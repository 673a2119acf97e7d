import type { Clock } from '@wa-agent/core'
import type { AgentStatus } from './agent-status.ts'

/** What a notification on the desktop says. */
export interface Notice {
  readonly title: string
  readonly text: string
}

/** What alerts need. */
export interface AlertOptions {
  readonly notify: (notice: Notice) => void
  readonly clock: Clock
  /** Where the QR code can be seen. */
  readonly qrUrl: () => string
}

/** Calls the owner when something needs a person. */
export interface Alerts {
  /** Looks at how things are now. */
  update(status: AgentStatus): void
  /** A customer wants to talk to a person. */
  personWanted(): void
  stop(): void
}

/** Something that is wrong for a while: told once, and again only after it was well in between. */
interface Condition {
  readonly isTrue: (status: AgentStatus) => boolean
  readonly isOver: (status: AgentStatus) => boolean
  /** What passes sooner is not worth a word. */
  readonly afterMs: number
  readonly notice: (status: AgentStatus) => Notice
}

/** Two notices of one kind are at least so far apart. */
const everyMs = 10 * 60_000
const personEveryMs = 60_000
const cloudAwayMs = 60_000

/** Each notice goes out once for each change and at most every ten minutes; wishes for a person at most once a minute. */
export function createAlerts({ notify, clock, qrUrl }: AlertOptions): Alerts {
  const watchers = conditionsOf(qrUrl).map((condition) => watch(condition, notify, clock))
  let wishes = 0
  let cancelWish: (() => void) | undefined
  const tellWishes = () => {
    cancelWish = undefined
    if (wishes === 0) return
    const title = wishes === 1 ? 'A customer wants to talk to you' : `${wishes} customers want to talk to you`
    wishes = 0
    cancelWish = clock.after(personEveryMs, tellWishes)
    notify({ title, text: 'Open WhatsApp on the phone and answer. The assistant is silent in that chat.' })
  }
  return {
    update(status) {
      for (const watcher of watchers) watcher.update(status)
    },
    personWanted() {
      wishes += 1
      if (!cancelWish) tellWishes()
    },
    stop() {
      for (const watcher of watchers) watcher.stop()
      cancelWish?.()
    },
  }
}

function conditionsOf(qrUrl: () => string): Condition[] {
  return [
    {
      isTrue: ({ whatsApp: { state } }) => state === 'qr' || state === 'pairing-code' || state === 'logged-out',
      isOver: ({ whatsApp: { state } }) => state === 'connected' || state === 'syncing',
      afterMs: 0,
      notice: ({ whatsApp: { state } }) =>
        state === 'logged-out'
          ? { title: 'WhatsApp is logged out', text: `Customers get no answers. Scan the QR code at ${qrUrl()}` }
          : { title: 'Scan the QR code', text: `It is at ${qrUrl()}. On the phone: WhatsApp, Linked devices.` },
    },
    {
      isTrue: ({ whatsApp: { state } }) => state === 'banned' || state === 'refused' || state === 'outdated',
      isOver: ({ whatsApp: { state } }) => state === 'connected',
      afterMs: 0,
      notice: ({ whatsApp: { reason = 'Look at the phone, then start the desktop agent again' } }) => ({
        title: 'WhatsApp does not work',
        text: `${reason}.`,
      }),
    },
    {
      isTrue: ({ cloud }) => cloud === 'away',
      isOver: ({ cloud }) => cloud === 'reachable',
      afterMs: cloudAwayMs,
      notice: () => ({
        title: 'The cloud server cannot be reached',
        text: 'Messages are kept and answered when it is back. Is this computer on the internet?',
      }),
    },
    {
      isTrue: ({ cloud }) => cloud === 'refused',
      isOver: ({ cloud }) => cloud === 'reachable',
      afterMs: 0,
      notice: () => ({
        title: 'The cloud server refuses the API key',
        text: 'Customers get no answers. Ask for a new key, then: npm run example:desktop-agent -- --setup',
      }),
    },
    {
      isTrue: ({ cloud }) => cloud === 'superseded',
      isOver: ({ cloud }) => cloud === 'reachable',
      afterMs: 0,
      notice: () => ({
        title: 'Another computer has taken over',
        text: 'The desktop agent of this business runs elsewhere. Stop one of the two.',
      }),
    },
  ]
}

function watch(condition: Condition, notify: AlertOptions['notify'], clock: Clock) {
  let isTold = false
  const earliestMs = new Map<string, number>()
  let latest: AgentStatus | undefined
  let cancel: (() => void) | undefined
  const stop = () => {
    cancel?.()
    cancel = undefined
  }
  const tell = () => {
    cancel = undefined
    if (!latest) return
    isTold = true
    const notice = condition.notice(latest)
    earliestMs.set(notice.title, clock.now() + everyMs)
    notify(notice)
  }
  return {
    stop,
    update(status: AgentStatus) {
      if (condition.isOver(status)) {
        isTold = false
        return stop()
      }
      if (!condition.isTrue(status) || isTold) return
      latest = status
      // A phone that logs out minutes after it was linked is no repetition of the call to link it.
      const { title } = condition.notice(status)
      const waitMs = Math.max(condition.afterMs, (earliestMs.get(title) ?? 0) - clock.now())
      if (waitMs <= 0) {
        stop()
        tell()
      } else cancel ??= clock.after(waitMs, tell)
    },
  }
}
