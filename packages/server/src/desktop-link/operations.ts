import { z } from 'zod'
import {
  aboutSchema,
  ackAnswerSchema,
  ackSchema,
  answerSchema,
  commandAnswerSchema,
  commandSchema,
  heartbeatAnswerSchema,
  heartbeatSchema,
  outboundEventSchema,
  pollAnswerSchema,
  pollSchema,
  processMessageSchema,
  registeredSchema,
  registerSchema,
  statusSchema,
  uploadedSchema,
} from './protocol.ts'

/** One way to ask, as the document describes it and as the server routes it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Hono's pattern. */
  readonly path: string
  readonly summary: string
  readonly query?: z.ZodObject
  /** JSON; a file's bytes where it says so. */
  readonly request?: z.ZodType | 'bytes'
  readonly status: 200 | 201 | 202
  /** JSON; a stream of server-sent events, each of this shape, where it says so. */
  readonly response: z.ZodType | { readonly events: z.ZodType }
  /** Problems beside 400, 401, 404, 429 and 503, which every operation may answer. */
  readonly problems: readonly number[]
}

const root = '/api/desktop-agent'

/** Everything that a desktop, or who looks after it, can ask. */
export const operations = {
  processMessage: {
    method: 'POST',
    path: `${root}/process-message`,
    summary:
      'Asks for the answer to messages of one chat. The same id has the same answer, as often as it is asked for.',
    request: processMessageSchema,
    status: 200,
    response: answerSchema,
    problems: [409, 413, 415, 504],
  },
  register: {
    method: 'POST',
    path: `${root}/register`,
    summary: 'Begins: this desktop has the channel from now on, and the one before it is told.',
    request: registerSchema,
    status: 200,
    response: registeredSchema,
    problems: [413, 415],
  },
  heartbeat: {
    method: 'POST',
    path: `${root}/heartbeat`,
    summary: 'Shows that the desktop lives, and how it is.',
    request: heartbeatSchema,
    status: 200,
    response: heartbeatAnswerSchema,
    problems: [409, 413, 415],
  },
  status: {
    method: 'GET',
    path: `${root}/status/:tenantId`,
    summary: 'Tells how the desktop is.',
    query: aboutSchema.pick({ channel: true }),
    status: 200,
    response: statusSchema,
    problems: [],
  },
  stream: {
    method: 'GET',
    path: `${root}/stream`,
    summary:
      'Streams what the cloud says by itself. `Last-Event-ID` acknowledges that event and all before it; everything else that is not acknowledged comes again.',
    query: aboutSchema,
    status: 200,
    response: { events: outboundEventSchema },
    problems: [409],
  },
  outbound: {
    method: 'GET',
    path: `${root}/outbound`,
    summary: 'The same by long polling, for networks that cut streams.',
    query: pollSchema,
    status: 200,
    response: pollAnswerSchema,
    problems: [409],
  },
  ack: {
    method: 'POST',
    path: `${root}/ack`,
    summary: 'Acknowledges events: the desktop has them for good, or can never take them.',
    request: ackSchema,
    status: 200,
    response: ackAnswerSchema,
    problems: [409, 413, 415],
  },
  command: {
    method: 'POST',
    path: `${root}/commands`,
    summary: 'Pauses or resumes the desktop, now or as soon as it is there.',
    request: commandSchema,
    status: 202,
    response: commandAnswerSchema,
    problems: [413, 415],
  },
  uploadMedia: {
    method: 'PUT',
    path: `${root}/media/:id`,
    summary:
      'Uploads the file of the message with this id, before the message itself. Only where the tenant allows it.',
    query: aboutSchema,
    request: 'bytes',
    status: 201,
    response: uploadedSchema,
    problems: [403, 409, 413],
  },
  describe: {
    method: 'GET',
    path: `${root}/openapi.json`,
    summary: 'This document.',
    status: 200,
    response: z.looseObject({ openapi: z.string() }),
    problems: [],
  },
} as const satisfies Record<string, Operation>
