import {
  type Agent,
  type Bot,
  type BotOptions,
  createBot,
  createPipeline,
  type DeliveryUpdate,
  defineAgent,
  type Middleware,
  type Model,
  memoryStorage,
  type Storage,
  type Transport,
  type TransportHost,
} from '@wa-agent/core'
import {
  type SimulatedWhatsApp,
  type SimulatedWhatsAppOptions,
  simulatedWhatsApp,
  type VirtualClock,
  virtualClock,
} from '@wa-agent/testing'

/** What a test may choose; everything else is as small as possible. */
export interface WorldOptions {
  readonly agents?: readonly Agent[]
  readonly middleware?: readonly Middleware[]
  readonly model?: Model
  readonly whatsapp?: SimulatedWhatsAppOptions
  readonly storage?: Storage
  readonly bot?: Partial<BotOptions>
  /** What differs from the simulated transport. */
  readonly transport?: Partial<Transport>
  readonly clock?: VirtualClock
}

/** A bot, its customers and their time. Stops by itself at the end of its scope. */
export interface World extends AsyncDisposable {
  readonly bot: Bot
  readonly clock: VirtualClock
  readonly whatsapp: SimulatedWhatsApp
  readonly storage: Storage
  /** Names of all events, in order, with what was told. */
  readonly events: readonly { readonly name: string; readonly event: Record<string, unknown> }[]
  named(name: string): readonly Record<string, unknown>[]
  /** The provider tells something about messages of ours. */
  tell(...updates: readonly DeliveryUpdate[]): Promise<void>
  /** Lets everything happen that is due now. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** Repeats what it is told. */
export const echo = defineAgent({
  name: 'echo',
  description: 'Repeats what it is told.',
  respond: ({ text, reply }) => reply.text(`you said ${text.replaceAll('\n', ' + ')}`),
})

const eventNames = [
  'message-received',
  'message-refused',
  'turn-started',
  'turn-committed',
  'turn-failed',
  'turn-dead',
  'lease-lost',
  'reply-sent',
  'reply-retried',
  'reply-held',
  'reply-dead',
  'reply-suppressed',
  'reply-postponed',
  'reply-accepted',
  'reply-delivered',
  'reply-read',
  'reply-failed',
  'circuit-changed',
  'handoff-started',
  'handoff-released',
  'opted-out',
  'opted-in',
  'connection-changed',
  'error',
] as const

/** Starts a bot in a simulated WhatsApp on a virtual clock. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? virtualClock()
  const whatsapp = simulatedWhatsApp({ clock, ...options.whatsapp })
  const storage = options.storage ?? memoryStorage()
  const agents = options.agents ?? [echo]
  let ids = 0
  let host: TransportHost | undefined
  const transport: Transport = {
    ...whatsapp.transport,
    ...options.transport,
    start(given) {
      host = given
      return whatsapp.transport.start(given)
    },
  }
  const bot = createBot({
    transports: [transport],
    storage,
    pipeline: createPipeline({
      agents,
      fallback: agents[0] ?? echo,
      clock,
      ...(options.middleware ? { middleware: options.middleware } : {}),
      ...(options.model ? { model: options.model } : {}),
    }),
    clock,
    // The middle of the range: a pause is exactly what the backoff says.
    random: () => 0.5,
    createId: () => {
      ids += 1
      return `reply-${ids}`
    },
    ...options.bot,
  })
  const events: { name: string; event: Record<string, unknown> }[] = []
  for (const name of eventNames) bot.on(name, (event: object) => events.push({ name, event: { ...event } }))
  await bot.start()
  await clock.settle()
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await clock.finish(bot.stop())
  }
  return {
    bot,
    clock,
    whatsapp,
    storage,
    events,
    named: (name) => events.filter((each) => each.name === name).map((each) => each.event),
    tell: async (...updates) => host?.track(updates),
    settle: () => clock.settle(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
