import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createBot } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { createHttpChat } from './http-chat.ts'
import { localTransport } from './local-transport.ts'
import { createLog } from './log.ts'
import { makeFolderOf } from './make-folder.ts'
import type { Settings } from './settings.ts'
import { shopPipeline } from './shop-pipeline.ts'
import { chatInTerminal, terminalChannel } from './terminal-chat.ts'

/** Runs the shop's assistant until Ctrl-C, SIGTERM or the end of the chat. */
export async function serve(settings: Settings): Promise<void> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  // The log is beside the database, so the folder comes first.
  makeFolderOf(settings.DATABASE, 'DATABASE')
  const logger = createLog(settings.LOG_LEVEL, isTerminal ? logFileOf(settings) : undefined)
  const http = localTransport('http', () => undefined)
  const terminal = terminalChannel()
  const bot = createBot({
    transports: isTerminal ? [http, terminal] : [http],
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
  const server = createHttpChat(bot, http, logger)
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
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  process.stdout.write(welcome(port, settings, isTerminal))
  await (isTerminal ? Promise.race([chatInTerminal(terminal), ended]) : ended)
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

function welcome(port: number, settings: Settings, isTerminal: boolean): string {
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
    ...(isTerminal ? [`  Log      ${logFileOf(settings)}`, '', '  Write to the shop right here; Ctrl-C ends it.'] : []),
    '',
    '',
  ].join('\n')
}
