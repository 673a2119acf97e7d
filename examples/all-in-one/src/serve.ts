import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createBot } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { makeFolderOf } from '@wa-agent-examples/agents'
import { createHttpChat } from './http-chat.ts'
import { localTransport } from './local-transport.ts'
import { createLog } from './log.ts'
import type { Settings } from './settings.ts'
import { shopPipeline } from './shop-pipeline.ts'
import { chatInTerminal, terminalChannel } from './terminal-chat.ts'
import { openWhatsApp, whatsAppHealth } from './whatsapp.ts'

/** Runs the shop's assistant until Ctrl-C, SIGTERM or the end of the chat. */
export async function serve(settings: Settings): Promise<void> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  // The log is beside the database, so the folder comes first.
  makeFolderOf(settings.DATABASE, 'DATABASE')
  const logger = createLog(settings.LOG_LEVEL, isTerminal ? logFileOf(settings) : undefined)
  const http = localTransport('http', () => undefined)
  const whatsApp = settings.TRANSPORT === 'webjs' ? await openWhatsApp(settings) : undefined
  // The terminal is for the QR code then.
  const terminal = isTerminal && !whatsApp ? terminalChannel() : undefined
  const bot = createBot({
    transports: [http, ...(terminal ? [terminal] : []), ...(whatsApp ? [whatsApp] : [])],
    storage: sqliteStorage({ path: settings.DATABASE }),
    pipeline: shopPipeline({ settings, orders: join(dirname(settings.DATABASE), 'orders.db'), logger }),
    logger,
  })
  bot.on('turn-committed', ({ conversation, turnId, trace, durationMs }) => {
    const { agent, by } = trace?.route ?? {}
    logger.info(
      {
        tenant: conversation.tenant,
        channel: conversation.channel,
        turnId,
        intent: trace?.classification.intent,
        agent,
        by,
        durationMs,
      },
      'turn committed',
    )
  })
  await bot.start()
  const health = whatsApp ? { health: () => whatsAppHealth(whatsApp) } : {}
  const server = createHttpChat(bot, http, { logger, ...health })
  try {
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(settings.PORT, settings.HOST, resolve),
    )
  } catch (error) {
    await bot.stop()
    throw explainListening(error, settings.PORT)
  }
  const { port } = server.address() as AddressInfo
  const ended = new Promise<void>((resolve) => {
    // Not `once`: Ctrl-C comes twice under npm, which passes on what the terminal has told everybody.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
  process.stdout.write(welcome(port, settings, { isTerminal, chats: terminal !== undefined }))
  await (terminal ? Promise.race([chatInTerminal(terminal), ended]) : ended)
  process.stdout.write('\nStopping: what is in work is finished, what is not is kept ...\n')
  server.close()
  server.closeIdleConnections()
  await bot.stop()
  process.exit(0)
}

function explainListening(error: unknown, port: number): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error
  return new Error(`Port ${port} is taken. Stop what uses it, or choose another: PORT=3001 npm start`, { cause: error })
}

function logFileOf({ DATABASE }: Settings): string {
  return join(dirname(DATABASE), 'shop.log')
}

function welcome(port: number, settings: Settings, shown: { isTerminal: boolean; chats: boolean }): string {
  const model =
    settings.OPENAI_API_KEY || settings.OPENAI_BASE_URL
      ? 'rules, examples and a model'
      : 'rules and examples (set OPENAI_API_KEY for a model)'
  return [
    '',
    '  The shop is open. Every message is on disk before it counts.',
    `  Health   http://localhost:${port}/health`,
    `  Chat     curl -s http://localhost:${port}/chat -H 'content-type: application/json' -d '{"message": "do you have boxes?", "userId": "anna"}'`,
    `  Decides  by ${model}`,
    `  Data     ${settings.DATABASE}`,
    ...(settings.TRANSPORT === 'webjs'
      ? [`  WhatsApp by WhatsApp Web; its session is in ${settings.SESSION_DIR}`]
      : []),
    ...(shown.isTerminal ? [`  Log      ${logFileOf(settings)}`] : []),
    ...(shown.chats ? ['', '  Write to the shop right here; Ctrl-C ends it.'] : []),
    '',
    '',
  ].join('\n')
}
