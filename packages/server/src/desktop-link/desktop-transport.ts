import {
  type Capabilities,
  checkNames,
  type Delivery,
  type NamesOf,
  type SendResult,
  type Transport,
  WaAgentError,
} from '@wa-agent/core'
import { wrongOption } from '../option-error.ts'
import { Desk, type DeskTimes } from './desk.ts'
import type { MediaFolder } from './media-folder.ts'
import { portable } from './portable.ts'

/** Options of `desktopTransport`. */
export interface DesktopTransportOptions {
  /** Default `default`. */
  readonly tenant?: string
  /** Default `desktop`. */
  readonly channel?: string
  /** What the desktop can carry, until it says so itself. Default: what WhatsApp Web can, where buttons become numbers. */
  readonly capabilities?: Capabilities
  /** How often a desktop shall show that it lives. Default 30,000. */
  readonly heartbeatEveryMs?: number
  /** After how long a silence it counts as offline. Default 90,000. */
  readonly offlineAfterMs?: number
  /** How long a desktop may take to acknowledge a message. Default 20,000; keep it below the bot's `sendTimeoutMs`. */
  readonly ackTimeoutMs?: number
  /** How long a desktop may be without a stream before nothing is sent to it any more. Default 10,000. */
  readonly streamGraceMs?: number
}

const optionNames: NamesOf<DesktopTransportOptions> = {
  tenant: true,
  channel: true,
  capabilities: 'object',
  heartbeatEveryMs: true,
  offlineAfterMs: true,
  ackTimeoutMs: true,
  streamGraceMs: true,
}

/** A channel whose WhatsApp is on somebody's PC: it calls the cloud, the cloud never calls it. */
export interface DesktopTransport extends Transport {
  readonly name: 'desktop'
  /** For the server. */
  readonly desk: Desk
  /** For the server: where files are that were uploaded, and who wants to know of changes. */
  serve(side: DesktopServing): void
}

/** What a server does for a desktop's transport. */
export interface DesktopServing {
  readonly media: MediaFolder | undefined
  readonly onChange: (desk: Desk) => void
}

/** A picture for hundreds of customers must fill neither the memory of the server nor the line of the desktop. */
const oneAtATime: SendResult = {
  status: 'failed',
  retryable: true,
  reason: 'another file is on its way to the desktop',
  retryAfterMs: 500,
  slowDown: 'channel',
}

const whatsAppWeb: Capabilities = {
  types: ['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contacts', 'reaction'],
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 0,
  maxListRows: 0,
  quotes: true,
}

/**
 * Makes the channel of one desktop: give it to the bot and to the server. What answers a request of the desktop goes out
 * with the HTTP response, as often as it is asked for; what nobody asked for goes over the desktop's stream. Throws
 * `invalid_options`.
 */
export function desktopTransport(options: DesktopTransportOptions = {}): DesktopTransport {
  checkNames('desktopTransport', options, optionNames)
  const { tenant = 'default', channel = 'desktop', capabilities = whatsAppWeb } = options
  const times = readTimes(options)
  let serving: DesktopServing | undefined
  /** Whether a file is on its way to the desktop. */
  let isCarrying = false
  const desk = new Desk({ tenant, channel }, times, (changed) => serving?.onChange(changed))
  return {
    name: 'desktop',
    tenant,
    channel,
    desk,
    get capabilities() {
      return desk.capabilities ?? capabilities
    },
    serve(side) {
      serving = side
    },
    start: (host) => desk.open(host),
    async send(delivery, { signal }) {
      const { id, chat, message } = delivery
      // It is in the outbox for good; whoever asks gets it from there.
      if (isAnswer(delivery)) return { status: 'sent', providerId: id }
      const carriesFile = 'media' in message && !('url' in message.media)
      if (carriesFile && isCarrying) return oneAtATime
      try {
        isCarrying ||= carriesFile
        return await desk.deliver({ type: 'message', id, chat, message: await portable(message) }, signal)
      } finally {
        if (carriesFile) isCarrying = false
      }
    },
    stop: () => desk.close(),
    // What the desktop did not acknowledge is sent again: it knows by the id whether it has it.
    find: async (delivery) => (isAnswer(delivery) ? { status: 'sent', providerId: delivery.id } : { status: 'absent' }),
    async openMedia({ reference }) {
      const file = await serving?.media?.open({ tenant, channel }, reference)
      if (file) return file
      throw new WaAgentError('media_unavailable', 'The desktop did not upload this file. Ask the customer in words.')
    },
  }
}

/** Whether a transport is that of a desktop. */
export function isDesktopTransport(transport: Transport): transport is DesktopTransport {
  return transport.name === 'desktop' && 'desk' in transport
}

function isAnswer({ inReplyTo }: Delivery): boolean {
  return inReplyTo.length > 0
}

function readTimes(options: DesktopTransportOptions): DeskTimes {
  const times = {
    heartbeatEveryMs: options.heartbeatEveryMs ?? 30_000,
    offlineAfterMs: options.offlineAfterMs ?? 90_000,
    ackTimeoutMs: options.ackTimeoutMs ?? 20_000,
    streamGraceMs: options.streamGraceMs ?? 10_000,
  }
  for (const [name, value] of Object.entries(times))
    if (!Number.isSafeInteger(value) || value <= 0) throw wrongOption(name, 'a whole number above 0', value)
  return times
}
