import { stat } from 'node:fs/promises'
import { type InboundMessageInput, isWaAgentError, type TransportHost, WaAgentError, waitFor } from '@wa-agent/core'
import { LineIds } from './line-ids.ts'
import { type BadLine, type LineMessage, parseLine } from './parse-line.ts'
import { type FileLine, readLines } from './read-lines.ts'

/** How far a file transport has come. */
export interface FileProgress {
  readonly totalBytes: number
  readonly bytesRead: number
  /** Blank and bad lines included. */
  readonly linesRead: number
  readonly badLines: number
  /** How many messages are durable, duplicates included. */
  readonly messagesReceived: number
  readonly repliesWritten: number
}

/** How the input is read. */
export interface InputReaderOptions {
  readonly in: string
  readonly batchSize?: number
  readonly maxLineBytes?: number
  readonly onBadLine?: (badLine: BadLine) => void
}

const defaultMaxLineBytes = 16 * 1024 * 1024
const firstPauseMs = 1000
const longestPauseMs = 30_000

/** Reads the file of messages and hands it over batch by batch, never faster than the host takes it. */
export class InputReader {
  readonly #options: InputReaderOptions
  readonly #stopping = new AbortController()
  readonly finished: Promise<void>
  #settle: { resolve(): void; reject(error: unknown): void }
  #reading: Promise<void> | undefined
  #isRegular = true
  readonly progress = { totalBytes: 0, bytesRead: 0, linesRead: 0, badLines: 0, messagesReceived: 0 }

  constructor(options: InputReaderOptions) {
    this.#options = options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.finished = promise
    this.#settle = { resolve, reject }
    // Nobody has to wait for the end: a failure is also told to the host.
    promise.catch(() => undefined)
  }

  /** Rejects with `not_found` where there is no such file, and with `invalid_options` where it is none. */
  async open(): Promise<void> {
    const path = this.#options.in
    const found = await stat(path).catch((error: unknown) => {
      throw new WaAgentError(
        'not_found',
        `[file-transport] There is no file ${path} to read. Check the path given as \`in\`.`,
        {
          cause: error,
        },
      )
    })
    if (found.isDirectory()) {
      throw new WaAgentError(
        'invalid_options',
        `[file-transport] Expected \`in\` to be a file, but ${path} is a folder.`,
      )
    }
    this.progress.totalBytes = found.size
    this.#isRegular = found.isFile()
  }

  /** Begins to read; how it ends is told by `finished`. */
  begin(host: TransportHost): void {
    this.#reading = this.#read(host).then(this.#settle.resolve, (error: unknown) => {
      this.#settle.reject(error)
      if (this.#stopping.signal.aborted) return
      host.connection('disconnected', 'the file cannot be read on')
    })
  }

  /** Stops after the batch that is being handed over. */
  async stop(): Promise<void> {
    const error = new WaAgentError(
      'not_running',
      '[file-transport] Stopped before the whole file was read; start again to go on.',
    )
    this.#stopping.abort(error)
    await this.#reading
    // Changes nothing where the reading has ended by itself.
    this.#settle.reject(error)
  }

  async #read(host: TransportHost): Promise<void> {
    const { batchSize = 200 } = this.#options
    const { signal } = this.#stopping
    // A pipe can be read only once.
    const ids = this.#isRegular ? await LineIds.of(this.#lines()) : new LineIds()
    let batch: InboundMessageInput[] = []
    for await (const { lines, bytesRead } of this.#lines()) {
      for (const line of lines) {
        const message = this.#parse(line, host)
        if (message) batch.push(inboundOf(message, { generatedId: ids.at(line.number), sentAtMs: host.clock.now() }))
        if (batch.length < batchSize) continue
        await this.#handOver(batch, host)
        batch = []
      }
      this.progress.bytesRead = bytesRead
    }
    signal.throwIfAborted()
    if (batch.length > 0) await this.#handOver(batch, host)
  }

  /** An aborted stream rejects with an error of its own; ours says what to do. */
  async *#lines(): ReturnType<typeof readLines> {
    const { maxLineBytes = defaultMaxLineBytes } = this.#options
    const { signal } = this.#stopping
    try {
      yield* readLines(this.#options.in, { maxLineBytes, signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  }

  #parse(line: FileLine, host: TransportHost): LineMessage | undefined {
    this.progress.linesRead += 1
    const parsed = parseLine(line)
    if (parsed === undefined || 'text' in parsed) return parsed
    this.progress.badLines += 1
    host.logger.warn({ line: parsed.line, reason: parsed.reason }, 'A line of the input is no message; it is left out.')
    this.#options.onBadLine?.(parsed)
    return undefined
  }

  /** Hands over until it is taken: a storage that is away comes back, and the file does not run away. */
  async #handOver(batch: readonly InboundMessageInput[], host: TransportHost): Promise<void> {
    const { signal } = this.#stopping
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      signal.throwIfAborted()
      try {
        await host.receive(batch)
        this.progress.messagesReceived += batch.length
        return
      } catch (error) {
        if (!isWaAgentError(error) || !error.retryable) throw error
        await waitFor(host.clock, error.retryAfterMs ?? pauseMs, signal)
      }
    }
  }
}

interface LineContext {
  readonly generatedId: string
  readonly sentAtMs: number
}

function inboundOf(message: LineMessage, { generatedId, sentAtMs }: LineContext): InboundMessageInput {
  // Lines that name nobody are of different people: as one conversation they would wait for each other and share a state.
  const { id = generatedId, from = id, text } = message
  return { type: 'text', id, chat: from, from: { id: from }, sentAtMs, text }
}
