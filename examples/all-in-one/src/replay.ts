import { type Bot, createBot, describeError, type Middleware, type OutboundMessage } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { type FileTransport, fileTransport } from '@wa-agent/testing'
import { makeFolderOf } from '@wa-agent-examples/agents'
import type { Command } from './arguments.ts'
import { createLog } from './log.ts'
import { progressBar } from './progress-bar.ts'
import { ReplayStatistics } from './replay-statistics.ts'
import type { Settings } from './settings.ts'
import { shopPipeline } from './shop-pipeline.ts'

/** One reply a line: what a turn says in several messages is put together, so that a message's answer is found at once. */
const oneReply: Middleware = {
  name: 'one-reply',
  async respond(input, next) {
    const response = await next(input)
    return { ...response, replies: joinTexts(response.replies) }
  },
}

type Replay = Extract<Command, { name: 'replay' }>

/** In a replay nobody is there to take over: a conversation that was handed over would stay unanswered. */
const nobodyTakesOver: Middleware = {
  name: 'nobody-takes-over',
  async respond(input, next) {
    const { handoff: _, ...response } = await next(input)
    return response
  },
}

/**
 * Answers every line of a file through the durable engine. Killed at any moment and run again with the same arguments it
 * goes on where it was. Resolves with the exit code: 0 when everything is answered, 130 after Ctrl-C.
 */
export async function replay(command: Replay, settings: Settings): Promise<number> {
  const logger = createLog(settings.LOG_LEVEL ?? 'error')
  makeFolderOf(command.database, '--db')
  let badLines = 0
  const files = fileTransport({
    tenant: 'shop',
    channel: 'replay',
    in: command.input,
    out: command.output,
    onBadLine({ line, reason }) {
      badLines += 1
      process.stderr.write(`${command.input}:${line}: ${reason}; the line is left out\n`)
    },
  })
  const bot = createBot({
    transports: [files],
    storage: sqliteStorage({ path: command.database }),
    pipeline: shopPipeline({
      settings,
      orders: `${command.database}.orders`,
      logger,
      middleware: [nobodyTakesOver, oneReply],
    }),
    coalesce: command.coalesce ? {} : { maxMessages: 1 },
    // A disk that is full is waited for: nobody is there to look after dead letters.
    sendRetry: { maxAttempts: 1_000_000, maxMs: 30_000 },
    // Every line is to be answered: "stop" is a sentence like any other here.
    optOut: { stopWords: [], startWords: [] },
    logger,
  })
  const statistics = new ReplayStatistics(bot)
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  await bot.start()
  // What an earlier run gave up is tried once more.
  for (const { id } of await bot.deadLetters.list({ limit: 100_000 })) await bot.deadLetters.retry(id)
  tellTroubles(bot)
  const bar = progressBar(() => ({ done: statistics.answered + statistics.duplicates, read: files.progress }))
  const ended = await Promise.race([
    everythingAnswered(bot, files).then(() => true),
    new Promise<false>((resolve) => interruption.signal.addEventListener('abort', () => resolve(false))),
  ])
  bar.stop()
  const { deadLetters } = await bot.stats()
  await bot.stop()
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  process.stdout.write(statistics.summary({ output: command.output, badLines, deadLetters }))
  if (ended && deadLetters === 0) return 0
  if (ended) {
    process.stdout.write(`${deadLetters} could not be answered. Run the same command again to try them once more.\n`)
    return 1
  }
  process.stdout.write('Interrupted. Run the same command again to go on where it was.\n')
  return 130
}

/** Each message with a text takes the texts before it along. */
function joinTexts(replies: readonly OutboundMessage[]): readonly OutboundMessage[] {
  const joined: OutboundMessage[] = []
  for (const reply of replies) {
    const before = joined.at(-1)
    const hasText = reply.type === 'text' || reply.type === 'buttons' || reply.type === 'list'
    if (before?.type === 'text' && hasText)
      joined[joined.length - 1] = { ...reply, text: `${before.text}\n\n${reply.text}` }
    else joined.push(reply)
  }
  return joined
}

/** Says once why replies have to wait, e.g. that the disk is full. */
function tellTroubles(bot: Bot): void {
  const told = new Set<string>()
  const tell = (trouble: string) => {
    if (told.size < 5 && !told.has(trouble)) process.stderr.write(`${trouble}; trying again\n`)
    told.add(trouble)
  }
  bot.on('reply-retried', ({ reason }) => tell(`A reply could not be written: ${reason}`))
  bot.on('turn-failed', ({ error }) => tell(`A turn failed: ${describeError(error)}`))
}

/** The file is read to its end, every turn is committed and every reply is out. */
async function everythingAnswered(bot: Bot, files: FileTransport): Promise<void> {
  await files.finished
  for (;;) {
    await bot.idle()
    const { pendingMessages, pendingReplies } = await bot.stats()
    if (pendingMessages + pendingReplies === 0) return
    // What failed waits for its next attempt.
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
