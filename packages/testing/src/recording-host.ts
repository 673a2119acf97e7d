import {
  type Clock,
  type ConnectionState,
  type DeliveryUpdate,
  type InboundMessage,
  type InboundMessageInput,
  parseInboundMessage,
  silentLogger,
  systemClock,
  type TransportHost,
} from '@wa-agent/core'

/** What stands in for the engine where a transport is tried alone: it writes down what it is given. */
export interface RecordingHost extends TransportHost {
  /** Every message of every `receive` that resolved, duplicates included, in order. */
  readonly received: readonly InboundMessage[]
  /** Every update of every `track` that resolved, in order. */
  readonly tracked: readonly DeliveryUpdate[]
  readonly connections: readonly ConnectionState[]
  /** The chat of every `release` that resolved, in order. */
  readonly released: readonly string[]
  /** How many calls of `receive` have begun. */
  readonly calls: number
  /** How many calls of `receive` have begun and not ended. */
  readonly inFlight: number
  /** The next `times` calls of `receive`, `track` or `release` (default 1) reject with `error`. */
  refuse(error: unknown, times?: number): void
  /** Calls of `receive`, `track` and `release` wait until the function that it returns is called. */
  pause(): () => void
}

/** Makes a host that takes everything in at once, unless it is told otherwise. */
export function recordingHost(options: { readonly clock?: Clock } = {}): RecordingHost {
  const received: InboundMessage[] = []
  const tracked: DeliveryUpdate[] = []
  const connections: ConnectionState[] = []
  const released: string[] = []
  const refusals: unknown[] = []
  const records = new Map<string, string>()
  let gate: Promise<void> | undefined
  let calls = 0
  let inFlight = 0

  async function admit(): Promise<void> {
    await gate
    if (refusals.length > 0) throw refusals.shift()
  }

  async function take(messages: readonly InboundMessageInput[]): Promise<void> {
    const parsed = messages.map(parseInboundMessage)
    await admit()
    received.push(...parsed)
  }

  return {
    clock: options.clock ?? systemClock,
    logger: silentLogger,
    received,
    tracked,
    connections,
    released,
    get calls() {
      return calls
    },
    get inFlight() {
      return inFlight
    },
    async receive(messages) {
      calls += 1
      inFlight += 1
      try {
        await take(messages)
      } finally {
        inFlight -= 1
      }
    },
    async track(updates) {
      const copies = updates.map((update) => ({ ...update }))
      await admit()
      tracked.push(...copies)
    },
    async release(chat) {
      await admit()
      released.push(chat)
    },
    connection(state) {
      connections.push(state)
    },
    records: {
      get: async (name) => records.get(name),
      async set(name, value) {
        if (value === undefined) records.delete(name)
        else records.set(name, value)
      },
    },
    refuse(error, times = 1) {
      for (let count = 0; count < times; count += 1) refusals.push(error)
    },
    pause() {
      let open: () => void = () => undefined
      gate = new Promise((resolve) => {
        open = resolve
      })
      return () => {
        gate = undefined
        open()
      }
    },
  }
}
