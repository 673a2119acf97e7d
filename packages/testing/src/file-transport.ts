import { resolve } from 'node:path'
import {
  type Capabilities,
  outboundMessageSchema,
  type SendResult,
  type Transport,
  type TransportHost,
  WaAgentError,
} from '@wa-agent/core'
import { type FileProgress, InputReader } from './file/input-reader.ts'
import type { BadLine } from './file/parse-line.ts'
import { ReplyFile } from './file/reply-file.ts'

/** How a file transport is made. */
export interface FileTransportOptions {
  /** Path of the JSONL file to read: `{"id","from","text"}` a line; `id` and `from` may be left out. */
  readonly in: string
  /** Path of the JSONL file to append to: `{"id","inReplyTo","to","text"}` a line. Made, with its folder, if missing. */
  readonly out: string
  /** Default `default`. */
  readonly tenant?: string
  /** Default `default`. */
  readonly channel?: string
  /** Told of each line that is no message, by its number and without its content. The rest goes on. */
  readonly onBadLine?: (badLine: BadLine) => void
  /** How many messages are handed over at once. Default 200. */
  readonly batchSize?: number
  /** A longer line is a bad line. Default 16,777,216 (16 MiB). */
  readonly maxLineBytes?: number
}

/** A transport whose customers are a file, and what became of the reading. */
export interface FileTransport extends Transport {
  readonly progress: FileProgress
  /**
   * Resolves when the whole file has been read and every message in it is durable; not yet when it is answered. Rejects
   * where reading failed, and with `not_running` where the transport was stopped before.
   */
  readonly finished: Promise<void>
}

const capabilities: Capabilities = {
  // Everything can be written down in words. Choices are left to the engine, which numbers them for every transport.
  types: outboundMessageSchema.options
    .map((option) => option.shape.type.value)
    .filter((type) => type !== 'buttons' && type !== 'list'),
  maxTextLength: 1_000_000,
  maxCaptionLength: 1_000_000,
  maxButtons: 0,
  maxListRows: 0,
  quotes: false,
}

/**
 * Answers a file of messages into a file of replies. Killed at any moment and run again on the same files and the same
 * storage, it answers every id exactly once: lines keep their ids, and `find` looks into the file of replies.
 *
 * A line without `id` is `line-<number>`, or `line-<number>-2` and so on where the file uses that name itself; one without
 * `from` is a conversation of its own, named like its id.
 */
export function fileTransport(options: FileTransportOptions): FileTransport {
  const { tenant = 'default', channel = 'default' } = options
  checkOptions(options)
  let reader = new InputReader(options)
  let opening: Promise<ReplyFile> | undefined
  let written = () => 0
  let host: TransportHost | undefined
  let stopped = false

  /** Opened by whoever comes first: after a crash the bot may ask `find` before it has started all its transports. */
  function replies(): Promise<ReplyFile> {
    if (stopped) {
      throw new WaAgentError('send_failed', '[file-transport] The transport has stopped; start it again.', {
        retryable: true,
      })
    }
    opening ??= openReplies(options.out).then((file) => {
      written = () => file.count
      return file
    })
    return opening
  }

  return {
    name: 'file',
    tenant,
    channel,
    capabilities,
    get progress() {
      return { ...reader.progress, repliesWritten: written() }
    },
    get finished() {
      return reader.finished
    },
    async start(newHost) {
      // Started again it reads from the beginning: what was taken in already is known by its id.
      if (stopped) reader = new InputReader(options)
      stopped = false
      await reader.open()
      await replies()
      host = newHost
      host.connection('connected')
      reader.begin(host)
    },
    async send(delivery, { signal }): Promise<SendResult> {
      const file = await replies()
      // An attempt before this one may have got through before the process was killed.
      if (delivery.attempt > 1 && (await file.has(delivery.id))) return { status: 'sent', providerId: delivery.id }
      return file.append(delivery, signal)
    },
    async find({ id }) {
      const file = await replies()
      return (await file.has(id)) ? { status: 'sent', providerId: id } : { status: 'absent' }
    },
    async stop() {
      stopped = true
      await reader.stop()
      const file = await opening?.catch(() => undefined)
      opening = undefined
      await file?.close()
      host?.connection('stopped')
      host = undefined
    },
  }
}

async function openReplies(path: string): Promise<ReplyFile> {
  try {
    return await ReplyFile.open(path)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

function cannotWrite(path: string, cause: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[file-transport] Expected \`out\` to be a file that can be written, but ${path} is not. Check the path and its permissions.`,
    { cause },
  )
}

function checkOptions(options: FileTransportOptions): void {
  const { batchSize = 200, maxLineBytes = 1 } = options
  for (const [name, value] of Object.entries({ in: options.in, out: options.out })) {
    if (typeof value !== 'string' || value === '') throw wrong(name, 'the path of a file')
  }
  if (resolve(options.in) === resolve(options.out)) throw wrong('out', 'another file than `in`')
  for (const [name, value] of Object.entries({ batchSize, maxLineBytes })) {
    if (!Number.isInteger(value) || value < 1) throw wrong(name, 'a whole number above 0')
  }
}

function wrong(name: string, expected: string): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[file-transport] Expected \`${name}\` to be ${expected}. Pass it to fileTransport().`,
  )
}
