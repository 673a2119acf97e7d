import type { TransportHarness } from '@wa-agent/testing'
import { virtualClock } from '@wa-agent/testing'
import { myTransport, type ProviderClient, type ProviderMessage } from './my-transport.ts'

/** A provider in memory: what a test needs beside the transport. */
export function fakeProvider() {
  const clock = virtualClock()
  const sent: { readonly to: string; readonly text: string; readonly key: string }[] = []
  const received: ProviderMessage[] = []
  const acknowledged = new Set<string>()
  /** What the next sends are answered with, in place of 200. `accepted`: the customer gets it all the same. */
  const answers: { readonly status: number; readonly accepted: boolean }[] = []
  let listener: ((message: ProviderMessage) => Promise<void>) | undefined

  /** Delivers until it is acknowledged, as long as the same listener is there. */
  async function hand(message: ProviderMessage): Promise<void> {
    const to = listener
    try {
      await to?.(message)
      if (to) acknowledged.add(message.id)
    } catch {
      clock.after(1000, () => listener === to && void hand(message))
    }
  }

  const client: ProviderClient = {
    onMessage(onMessage) {
      listener = onMessage
      return () => {
        listener = undefined
      }
    },
    async send(message, { signal }) {
      signal.throwIfAborted()
      const { status, accepted } = answers.shift() ?? { status: 200, accepted: true }
      if (accepted) sent.push(message)
      return status === 200 ? { status, id: `p-${message.key}` } : { status }
    },
    async findByKey(key) {
      return sent.some((one) => one.key === key) ? { id: `p-${key}` } : undefined
    },
    messagesSince: async (ms) => received.filter(({ timeMs }) => timeMs >= ms),
  }

  return {
    clock,
    client,
    sent,
    answers,
    acknowledged,
    /** A customer writes. */
    deliver(message: Omit<ProviderMessage, 'timeMs'>): Promise<void> {
      const complete = { ...message, timeMs: clock.now() }
      received.push(complete)
      return hand(complete)
    },
    redeliver: (id: string) => Promise.all(received.filter((message) => message.id === id).map(hand)),
  }
}

const faults = {
  'rate-limited': { status: 429, accepted: false },
  unavailable: { status: 503, accepted: false },
  refused: { status: 400, accepted: false },
  'timeout-after-acceptance': { status: 504, accepted: true },
  'timeout-before-acceptance': { status: 504, accepted: false },
} as const

/** The transport of the page and its provider, as the conformance suite wants them. */
export async function harness(): Promise<TransportHarness> {
  const { clock, client, sent, answers, acknowledged, deliver, redeliver } = fakeProvider()
  const transport = myTransport({ client })
  const say = ({ id, chat, text }: { id: string; chat: string; text: string }) =>
    deliver({ id, sender: chat, body: text })
  return {
    transport,
    clock,
    async start(host, messages = []) {
      await transport.start(host)
      for (const message of messages) void say(message)
    },
    arrived: async () => sent.map(({ to, text }) => ({ chat: to, text })),
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: async () => undefined,
    deliver: say,
    acknowledged: (id) => acknowledged.has(id),
    async redeliver(id) {
      await redeliver(id)
    },
    fail: (fault) => answers.push(faults[fault]),
  }
}
