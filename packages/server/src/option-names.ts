import type { NamesOf } from '@wa-agent/core'
import type { DesktopMediaOptions, DesktopOptions } from './desktop-link/desktop-options.ts'
import type { ServerLimits, ServerOptions } from './options.ts'

const media: NamesOf<DesktopMediaOptions> = { folder: true, maxBytes: true, keepMs: true }
const desktop: NamesOf<DesktopOptions> = { answerTimeoutMs: true, maxMessageAgeMs: true, media, transport: true }
const limits: NamesOf<ServerLimits> = { key: true, channel: true, address: true }

const telemetry: NamesOf<NonNullable<ServerOptions['telemetry']>> = {
  tracerProvider: 'object',
  meterProvider: 'object',
}

/** The options of `createServer` by name. */
export const serverOptionNames: NamesOf<ServerOptions> = {
  bot: true,
  ingest: true,
  transports: true,
  adminKey: true,
  keys: true,
  tenants: true,
  factories: true,
  desktop,
  board: true,
  push: 'function',
  metrics: true,
  telemetry,
  limits,
  trustedProxies: true,
  maxWebhookBytes: true,
  maxBodyBytes: true,
  maxBufferedBytes: true,
  chatTimeoutMs: true,
  readyTimeoutMs: true,
  headersTimeoutMs: true,
  requestTimeoutMs: true,
  keepAliveTimeoutMs: true,
  stopTimeoutMs: true,
  clock: true,
  createId: true,
  logger: true,
}
