import type { ChannelKey } from '@wa-agent/core'
import { wrongOption } from '../option-error.ts'
import { type DesktopTransport, desktopTransport } from './desktop-transport.ts'
import { MediaFolder } from './media-folder.ts'

/** Where files go that desktops upload, of tenants whose setting `desktopMedia` is true. */
export interface DesktopMediaOptions {
  /** Is created. Only this server may use it. */
  readonly folder: string
  /** The largest file. Default 16 MiB. */
  readonly maxBytes?: number
  /** How long a file is kept. Default 86,400,000. */
  readonly keepMs?: number
}

/** How a server serves desktops. */
export interface DesktopOptions {
  /** How long a request waits for the answer before the desktop has to ask again. Default 25,000. */
  readonly answerTimeoutMs?: number
  /** Older messages are refused: whoever sends them repeats what was answered and forgotten. Default 604,800,000. */
  readonly maxMessageAgeMs?: number
  /** Default: files are refused. */
  readonly media?: DesktopMediaOptions
  /** Makes the transport of a channel that is added while the server runs. Default `desktopTransport`. */
  readonly transport?: (channel: ChannelKey) => DesktopTransport
}

/** The options with their defaults, checked. */
export interface DesktopSettings {
  readonly answerTimeoutMs: number
  readonly maxMessageAgeMs: number
  readonly media: MediaFolder | undefined
  readonly transport: (channel: ChannelKey) => DesktopTransport
}

/** Completes and checks `desktop` of `createServer`. Throws `invalid_options` for the first that cannot be. */
export function readDesktopSettings(options: DesktopOptions = {}): DesktopSettings {
  const { media, transport = ({ tenant, channel }) => desktopTransport({ tenant, channel }) } = options
  if (typeof transport !== 'function') throw wrongOption('desktop.transport', 'a function', transport)
  return {
    answerTimeoutMs: count('answerTimeoutMs', options.answerTimeoutMs, 25_000),
    maxMessageAgeMs: count('maxMessageAgeMs', options.maxMessageAgeMs, 7 * 86_400_000),
    media: media && mediaFolder(media),
    transport,
  }
}

function mediaFolder({ folder, maxBytes, keepMs }: DesktopMediaOptions): MediaFolder {
  if (typeof folder !== 'string' || folder === '') throw wrongOption('desktop.media.folder', 'a path', folder)
  return new MediaFolder({
    folder,
    maxBytes: count('media.maxBytes', maxBytes, 16 * 2 ** 20),
    keepMs: count('media.keepMs', keepMs, 86_400_000),
  })
}

function count(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isSafeInteger(value) && value > 0) return value
  throw wrongOption(`desktop.${name}`, 'a whole number above 0', value)
}
