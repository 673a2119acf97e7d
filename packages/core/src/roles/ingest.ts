import type { BotEvents } from '../bot/events.ts'
import { coalesceNames, optOutNames, telemetryNames } from '../bot/option-names.ts'
import type { CoalesceOptions } from '../bot/options.ts'
import { readDoorSettings } from '../bot/settings.ts'
import { TransportList } from '../bot/transport-list.ts'
import { checkNames, type NamesOf } from '../check-names.ts'
import { type Clock, steadyClock, systemClock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { WaAgentError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { OptOutOptions } from '../opt-out.ts'
import type { Queue } from '../queue.ts'
import type { Storage } from '../storage.ts'
import { readTelemetryOptions, type TelemetryOptions } from '../telemetry/options.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import { tracedLogger } from '../telemetry/traced-logger.ts'
import type { Transport } from '../transport.ts'
import { type Health, HealthCheck } from './health.ts'
import { IngestChannel } from './ingest-channel.ts'
import { Publisher } from './publisher.ts'

/** How an ingest is made: with a queue, a storage, or both. */
export interface IngestOptions {
  /** One for each channel. Only what they receive comes here: nothing is sent. */
  readonly transports: readonly Transport[]
  /** Carries what came in to the workers. */
  readonly queue?: Queue
  /**
   * Keeps what came in, the one of the workers. With it nothing depends on what the broker remembers: the queue, if there is one,
   * only rings. Opened by `start` and closed by `stop`.
   */
  readonly storage?: Storage
  /** With `storage`: as the workers have it. */
  readonly coalesce?: CoalesceOptions
  /** With `storage`: as the workers have it. */
  readonly optOut?: OptOutOptions
  /** With `storage`: as the workers have it. */
  readonly ownerHandoffMs?: number | false
  /** How long the queue may take before the provider is asked to deliver again. Default 5,000. */
  readonly publishTimeoutMs?: number
  /** Where traces and metrics go. Default: to what the application has registered with `@opentelemetry/api`, if anything. */
  readonly telemetry?: TelemetryOptions
  readonly clock?: Clock
  readonly logger?: Logger
}

/** What an ingest tells, by name of the event. */
export type IngestEvents = Pick<BotEvents, 'message-refused' | 'connection-changed' | 'error'>

/** Takes in what providers deliver and hands it to the workers. */
export interface Ingest {
  readonly transports: readonly Transport[]
  /** Starts the transports. Rejects as they and the storage do. */
  start(): Promise<void>
  /** Stops the transports, and resolves when what came in is on its way. The queue stays yours to close. */
  stop(): Promise<void>
  /** Asks the queue and the storage whether they would take something in, each within `timeoutMs`. Never rejects. */
  health(options?: { readonly timeoutMs?: number }): Promise<Health>
  on<Name extends keyof IngestEvents>(name: Name, listener: IngestEvents[Name]): void
  off<Name extends keyof IngestEvents>(name: Name, listener: IngestEvents[Name]): void
}

/** How often it shows that it lives. */
const beatEveryMs = 5000

const ingestOptionNames: NamesOf<IngestOptions> = {
  transports: 'list',
  queue: 'object',
  storage: 'object',
  coalesce: coalesceNames,
  optOut: optOutNames,
  ownerHandoffMs: true,
  publishTimeoutMs: true,
  telemetry: telemetryNames,
  clock: 'object',
  logger: 'object',
}

/**
 * Makes the part of a bot that receives, for a process of its own: small, and with a queue alone without any state. What is
 * acknowledged to the provider is in the storage or in the queue. Throws `invalid_options`.
 */
export function createIngest(options: IngestOptions): Ingest {
  checkNames('createIngest', options, ingestOptionNames)
  checkParts(options)
  const { queue, storage, publishTimeoutMs = 5000 } = options
  const logger = tracedLogger(options.logger)
  const clock = steadyClock(options.clock ?? systemClock)
  const { all: transports } = new TransportList(options.transports)
  const events = new Emitter<IngestEvents>(logger)
  const telemetry = new Telemetry(readTelemetryOptions('createIngest', options.telemetry), () => clock.now())
  if (queue) telemetry.observeQueue(queue)
  const emit: Emitter<IngestEvents>['emit'] = (name, event) => {
    telemetry.tell(name, event)
    events.emit(name, event)
  }
  const publisher = queue && new Publisher({ queue, clock, timeoutMs: publishTimeoutMs })
  const health = new HealthCheck({ queue, storage, clock, logger })
  const door = readDoorSettings(options)
  const channels = transports.map(
    (transport) => new IngestChannel({ transport, publisher, storage, door, clock, logger, telemetry, emit }),
  )
  let isRunning = false
  let silence: (() => void) | undefined
  const beat = () => {
    telemetry.beat()
    silence = clock.after(beatEveryMs, beat)
  }
  const stop = async () => {
    for (const channel of [...channels].reverse()) await channel.stop()
    silence?.()
    await publisher?.idle()
    telemetry.stop()
    await storage?.close()
    isRunning = false
  }
  return {
    transports,
    async start() {
      if (isRunning) throw startedTwice()
      isRunning = true
      try {
        await storage?.open()
        await telemetry.start()
        for (const channel of channels) await channel.start()
        beat()
      } catch (error) {
        await stop()
        throw error
      }
    },
    async stop() {
      if (isRunning) await stop()
    },
    health: ({ timeoutMs = 2000 } = {}) => health.look(timeoutMs),
    on: (name, listener) => events.on(name, listener),
    off: (name, listener) => events.off(name, listener),
  }
}

function checkParts({ transports, queue, storage, publishTimeoutMs = 1 }: IngestOptions): void {
  const need = (isRight: boolean, expected: string) => {
    if (!isRight) throw new WaAgentError('invalid_options', `[createIngest] Expected ${expected}.`)
  }
  need(Array.isArray(transports), '`transports` to be a list of transports')
  need(
    queue !== undefined || storage !== undefined,
    '`queue`, `storage` or both: what came in has to be kept somewhere',
  )
  need(queue === undefined || typeof queue.publish === 'function', '`queue` to be a queue such as bullmqQueue()')
  need(storage === undefined || typeof storage.append === 'function', '`storage` to be one such as postgresStorage()')
  need(Number.isInteger(publishTimeoutMs) && publishTimeoutMs > 0, '`publishTimeoutMs` to be a whole number above 0')
}

function startedTwice(): WaAgentError {
  return new WaAgentError('not_running', 'The ingest runs already. Call start() once, and again only after stop().')
}
