import { join } from 'node:path'
import { createBot, systemClock } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { webjsTransport } from '@wa-agent/transport-webjs'
import { connectCloud } from './connect-cloud.ts'
import { endOnErrors, endSignal } from './lifetime.ts'
import { createLog } from './log.ts'
import { logEvents } from './log-events.ts'
import { makeFolderOf } from './make-folder.ts'
import { explainStart } from './one-instance.ts'
import { openOwnerView } from './owner-view.ts'
import { tellWatchdog } from './service-watchdog.ts'
import type { Settings } from './settings.ts'

/** Connects WhatsApp on this computer with the cloud server, until Ctrl-C or the end of the service. */
export async function runAgent(settings: Settings): Promise<void> {
  makeFolderOf(settings.DATABASE, 'DATABASE')
  makeFolderOf(join(settings.SESSION_DIR, 'session'), 'SESSION_DIR')
  const logger = createLog(settings)
  endOnErrors(logger)
  const ended = endSignal()
  const cloud = connectCloud(settings, logger)
  const { TENANT_ID: tenant, SESSION_DIR: sessionDir } = settings
  const whatsApp = webjsTransport({ tenant, sessionDir, ...browserOf(settings) })
  const storage = sqliteStorage({ path: settings.DATABASE })
  const bot = createBot({ transports: [whatsApp], storage, pipeline: cloud.pipeline, logger })
  const link = cloud.link(bot, whatsApp)
  logEvents(bot, logger)
  const view = openOwnerView({ settings, bot, whatsApp, cloud: cloud.state, logger, clock: systemClock })
  const stopTelling = tellWatchdog(process.env)
  try {
    // The database is the lock: a second agent ends here, before it has asked anybody for anything.
    await bot.start()
    link.start()
    await view.start()
    const reason = await Promise.race([ended, cloud.superseded])
    logger.info({ reason }, 'stopping: what is in work is finished, what is not is kept')
    view.say(farewells[reason === 'superseded' ? reason : 'signal'])
    await link.stop()
    await bot.stop()
    // Ended, it would be started again by the service and take the work back: the two computers would do so for ever.
    if (reason === 'superseded') await ended
  } catch (error) {
    throw explainStart(error, settings.LOCAL_PORT)
  } finally {
    stopTelling()
    view.stop()
    await link.stop()
    await bot.stop()
  }
  process.exit(0)
}

const farewells = {
  signal: 'Stopping. What is not answered yet is kept for the next start.',
  superseded:
    'Another computer has taken over, so this one answers nothing any more. Start it again to take the work back.',
}

function browserOf({ PUPPETEER_EXECUTABLE_PATH: executablePath }: Settings) {
  return executablePath === undefined ? {} : { executablePath }
}
