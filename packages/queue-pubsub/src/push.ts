import { describeError, WaAgentError } from '@wa-agent/core'
import type { JobConsumer } from './consumer.ts'
import type { Delivery } from './delivery.ts'
import type { Failures } from './failures.ts'
import type { InHand } from './in-hand.ts'
import { jobOf, orderingOf } from './message.ts'
import type { PushOptions, Settings } from './options.ts'
import { createTokenCheck } from './token.ts'

/** Answers Pub/Sub's pushes. */
export type PushHandler = (request: Request) => Promise<Response>

export interface PushParts {
  readonly settings: Settings
  readonly failures: Failures
  readonly inHand: InHand
  /** Those who take pushed jobs now; empty while the queue is paused or closed. */
  readonly consumers: () => Promise<readonly JobConsumer[]>
}

/** A message has at most 10 MB, base64 makes of three bytes four, and the envelope and the attributes take some. */
const mostBodyBytes = 16_000_000
/** How long a job waits for a free handler before Pub/Sub is told to come again. */
const longestWaitMs = 5000

interface Envelope {
  readonly messageId: string
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  readonly group: string | undefined
  readonly canStay: false
  readonly counted: number | undefined
}

export function createPushHandler(
  push: PushOptions,
  { settings, failures, inHand, consumers }: PushParts,
): PushHandler {
  const { clock, logger } = settings
  const check = createTokenCheck(push)

  /** Resolves when the job is done or has to come again; a request that nobody waits for any more counts as the latter. */
  const handled = (envelope: Envelope, consumer: JobConsumer, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const delivery: Delivery = { ...envelope, settle: finish }
      const giveBack = () => void consumer.giveBack(delivery)
      const cancel = clock.after(longestWaitMs, giveBack)
      signal.addEventListener('abort', giveBack, { once: true })
      function finish(done: boolean): void {
        cancel()
        signal.removeEventListener('abort', giveBack)
        resolve(done)
      }
      consumer.offer(delivery)
      // An abort that came before is not told again.
      if (signal.aborted) giveBack()
    })

  return async (request) => {
    if (request.method !== 'POST') return answer(405)
    try {
      const refusal = await check(request.headers.get('authorization'))
      if (refusal !== undefined) {
        logger.warn({ status: refusal }, 'a push without a valid token was refused')
        return answer(refusal)
      }
    } catch (error) {
      logger.error({ error: describeError(error) }, 'the token of a push could not be verified')
      return answer(503)
    }
    const envelope = await envelopeOf(request)
    if (!envelope) return answer(400)
    const [consumer] = [...(await consumers())].sort((a, b) => a.inHand / a.concurrency - b.inHand / b.concurrency)
    // Pub/Sub pushes the next one of a group when the one before is acknowledged, or was given up because it took too long.
    if (inHand.follows(envelope)) {
      failures.refused(envelope.messageId)
      return answer(503)
    }
    // As many again may wait as are handled.
    if (!consumer || consumer.inHand >= consumer.concurrency * 2) {
      failures.refused(envelope.messageId)
      return answer(consumer ? 429 : 503)
    }
    return answer((await handled(envelope, consumer, request.signal)) ? 204 : 503)
  }
}

/** Why a push cannot be had from a queue that was not told whom to believe. */
export function withoutPush(): WaAgentError {
  const why = 'Expected `push` with `audience` and `serviceAccount`, got neither there nor in the call.'
  return new WaAgentError('invalid_options', `[queue-pubsub] ${why} Pass it to pubsubQueue({ ... }).`)
}

function answer(status: number): Response {
  return new Response(null, { status })
}

/** Everything but the message's id may be missing: Pub/Sub leaves out what is empty. */
async function envelopeOf(request: Request): Promise<Envelope | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > mostBodyBytes) return undefined
  let body: unknown
  try {
    body = JSON.parse(await request.text())
  } catch {
    return undefined
  }
  if (!isObject(body) || !isObject(body['message'])) return undefined
  const { messageId, message_id: oldId, data = '', attributes, orderingKey } = body['message']
  const id = messageId ?? oldId
  if (typeof id !== 'string' || id === '' || typeof data !== 'string') return undefined
  const counted = body['deliveryAttempt']
  const bytes = Buffer.from(data, 'base64')
  return {
    messageId: id,
    data: bytes,
    group: typeof orderingKey === 'string' && orderingKey !== '' ? orderingKey : groupOf(bytes),
    canStay: false,
    attributes: isObject(attributes) ? textsOf(attributes) : {},
    counted: typeof counted === 'number' && counted > 0 ? counted : undefined,
  }
}

/** The emulator pushes without ordering keys. */
function groupOf(data: Buffer): string | undefined {
  const job = jobOf(data)
  return job && orderingOf(job).orderingKey
}

function textsOf(attributes: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
