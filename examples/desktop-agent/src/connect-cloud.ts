import { hostname } from 'node:os'
import { type CloudLink, cloudLink, cloudPipeline } from '@wa-agent/cloud-client'
import type { Bot, Logger } from '@wa-agent/core'
import type { WebjsTransport } from '@wa-agent/transport-webjs'
import type { CloudState } from './agent-status.ts'
import type { Settings } from './settings.ts'

/** The way to the cloud server: it answers messages, hears that this computer lives, and may speak by itself. */
export function connectCloud(settings: Settings, logger: Logger) {
  const { CLOUD_SERVER_URL: url, TENANT_ID: tenantId, API_KEY: apiKey } = settings
  const superseded = Promise.withResolvers<'superseded'>()
  const pipeline = cloudPipeline({
    url,
    tenantId,
    apiKey,
    logger,
    onEvent({ type }) {
      if (type === 'superseded') superseded.resolve(type)
    },
  })
  return {
    pipeline,
    /** Resolves when another computer has taken over. */
    superseded: superseded.promise,
    state: (): CloudState =>
      pipeline.state === 'reachable' && pipeline.connection.isPaused ? 'paused' : pipeline.state,
    /** Start it after the bot, and stop it before. The server learns the number when WhatsApp tells it. */
    link: (bot: Bot, whatsApp: WebjsTransport): CloudLink =>
      cloudLink({
        pipeline,
        bot,
        transport: whatsApp,
        device: hostname(),
        phone: () => whatsApp.status.phone?.split('@')[0],
      }),
  }
}
