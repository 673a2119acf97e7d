import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { type Bot, describeError, framesOf, isWaAgentError, type Logger, textOf } from '@wa-agent/core'
import { z } from 'zod'
import type { LocalTransport } from './local-transport.ts'

const maxBodyBytes = 1024 * 1024
const answerTimeoutMs = 60_000

const questionSchema = z.object({ message: z.string().min(1), userId: z.string().min(1).max(256).default('guest') })

/** What `POST /chat` answers. `reply` is empty where the bot keeps silent, e.g. because a person has taken over. */
interface Answer {
  readonly reply: string
  readonly intent: string | null
  readonly confidence: number
  readonly agent: string | null
  readonly decidedBy: string
  readonly durationMs: number
}

/** An answer that is no success, as RFC 9457 problem details. */
class Problem extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}

/** What else the server needs, and what more it tells of its health. */
export interface HttpChatOptions {
  readonly logger: Logger
  readonly health?: () => Promise<{ readonly isWell: boolean; readonly details: Readonly<Record<string, unknown>> }>
}

/** Serves `GET /health` and `POST /chat` for a bot whose channel is `transport`. */
export function createHttpChat(bot: Bot, transport: LocalTransport, { logger, health }: HttpChatOptions): Server {
  const waiting = new Map<string, (answer: Answer | Problem) => void>()
  bot.on('turn-committed', ({ messageIds, replies, trace, durationMs }) => {
    const answer: Answer = {
      reply: replies.map((reply) => textOf(reply.message)).join('\n\n'),
      intent: trace?.classification.intent ?? null,
      confidence: trace?.classification.confidence ?? 0,
      agent: trace?.route.agent ?? null,
      decidedBy: trace?.classification.decidedBy ?? 'rules',
      durationMs: trace ? Math.round(trace.durationMs.total * 1000) / 1000 : durationMs,
    }
    for (const id of messageIds) waiting.get(id)?.(answer)
  })
  bot.on('turn-dead', ({ messageIds }) => {
    for (const id of messageIds)
      waiting.get(id)?.(new Problem(500, 'No answer could be made. The message is kept as a dead letter.'))
  })

  async function chat(request: IncomingMessage): Promise<Answer> {
    const { message, userId } = await readQuestion(request)
    const id = randomUUID()
    const answered = new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Problem(504, 'No answer yet. The message is kept and will be answered.')),
        answerTimeoutMs,
      )
      waiting.set(id, (answer) => {
        clearTimeout(timer)
        if (answer instanceof Problem) reject(answer)
        else resolve(answer)
      })
    })
    try {
      await transport.receive({ id, from: userId, text: message })
      return await answered
    } finally {
      waiting.delete(id)
    }
  }

  async function checkHealth() {
    const { pendingMessages, pendingReplies, deadLetters } = await bot.stats()
    const { isWell = true, details } = (await health?.()) ?? {}
    const uptimeSeconds = Math.round(process.uptime())
    const status = isWell ? 'ok' : 'degraded'
    return {
      status: isWell ? 200 : 503,
      body: { status, uptimeSeconds, pendingMessages, pendingReplies, deadLetters, ...details },
    }
  }

  async function handle(request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
    const pathname = URL.parse(request.url ?? '/', 'http://localhost')?.pathname
    if (pathname === '/health') {
      if (request.method !== 'GET') throw new Problem(405, 'Expected GET /health.')
      return checkHealth()
    }
    if (pathname === '/chat') {
      if (request.method !== 'POST')
        throw new Problem(405, 'Expected POST /chat with {"message": "...", "userId": "..."}.')
      return { status: 200, body: await chat(request) }
    }
    throw new Problem(404, 'Expected GET /health or POST /chat.')
  }

  return createServer((request, response) => {
    handle(request).then(
      ({ status, body }) => respond(response, status, body),
      (error: unknown) => {
        const { status, message } = error instanceof Problem ? error : explain(error, logger)
        respond(response, status, { type: 'about:blank', title: STATUS_CODES[status], status, detail: message })
      },
    )
  })
}

function explain(error: unknown, logger: Logger): Problem {
  logger.error({ error: describeError(error), frames: framesOf(error) }, 'a request failed')
  if (isWaAgentError(error) && error.retryable)
    return new Problem(503, 'Not now: the storage is away. Try again in a moment.')
  return new Problem(500, 'Something went wrong here. The log says more.')
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  const isProblem = typeof body === 'object' && body !== null && 'detail' in body
  const type = isProblem ? 'application/problem+json' : 'application/json'
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(`${JSON.stringify(body)}\n`)
}

async function readQuestion(request: IncomingMessage): Promise<z.output<typeof questionSchema>> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    // Read on, but keep nothing: who is cut off in the middle of writing never sees the answer.
    if (sizeBytes <= maxBodyBytes) chunks.push(chunk)
    else if (sizeBytes > 10 * maxBodyBytes) break
  }
  if (sizeBytes > maxBodyBytes) throw new Problem(413, `Expected at most ${maxBodyBytes} bytes.`)
  let body: unknown
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw Object.assign(new Problem(400, 'Expected JSON: {"message": "...", "userId": "..."}.'), { cause })
  }
  const question = questionSchema.safeParse(body)
  if (question.success) return question.data
  const issue = question.error.issues[0]
  throw new Problem(
    400,
    `Expected {"message": "...", "userId": "..."}, but "${issue?.path.join('.')}" is wrong: ${issue?.message}.`,
  )
}
