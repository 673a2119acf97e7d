import type { IncomingMessage } from 'node:http'
import { Problem, tooLarge } from './problem.ts'

/** Nearly all webhooks are that small. */
const smallBytes = 65_536
/** Kept for them beyond the budget: a few large bodies that strangers hold open must not shut them out. */
const reserveBytes = 16 * 2 ** 20

/** How much of bodies is held in memory at once, whoever sends them. */
export class BodyBudget {
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Counts bytes in, and says whether they may come; small bodies have a reserve. */
  take(bytes: number, isSmall = false): boolean {
    const maxBytes = isSmall ? this.#maxBytes + reserveBytes : this.#maxBytes
    if (this.#bytes + bytes > maxBytes) return false
    this.#bytes += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** What a body may cost. */
export interface BodyLimits {
  readonly maxBytes: number
  readonly budget: BodyBudget
}

/** Who is cut off in the middle of writing never sees the answer: a little more is read, and thrown away. */
const maxDiscardedBytes = 8 * 2 ** 20
const maxDiscardMs = 2000

/** Gathers a body and refuses what is too large, keeping nothing of it. */
class Collector {
  readonly #limits: BodyLimits
  #chunks: Uint8Array[] = []
  #bytes = 0
  #discarded = 0
  readonly #isSmall: boolean
  problem: Problem | undefined

  constructor(limits: BodyLimits, declaredLength: string | null | undefined) {
    this.#limits = limits
    this.#isSmall = declaredLength ? Number(declaredLength) <= smallBytes : false
    if (declaredLength && Number(declaredLength) > limits.maxBytes) this.problem = tooLarge(limits.maxBytes)
  }

  /** Whether more is worth reading. */
  add(chunk: Uint8Array): boolean {
    if (!this.problem && this.#bytes + chunk.byteLength > this.#limits.maxBytes)
      this.refuse(tooLarge(this.#limits.maxBytes))
    if (!this.problem && !this.#limits.budget.take(chunk.byteLength, this.#isSmall)) this.refuse(busy())
    if (this.problem) {
      this.#discarded += chunk.byteLength
      return this.#discarded < maxDiscardedBytes
    }
    this.#bytes += chunk.byteLength
    this.#chunks.push(chunk)
    return true
  }

  refuse(problem: Problem): void {
    this.problem = problem
    this.#limits.budget.giveBack(this.#bytes)
    this.#bytes = 0
    this.#chunks = []
  }

  /** The body. Its bytes count until they are given back to the budget. */
  take(): Uint8Array {
    if (this.problem) throw this.problem
    const [first] = this.#chunks
    return this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks)
  }
}

/** Reads the body of a node request. Rejects with a `Problem`. */
export function readNodeBody(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  const collector = new Collector(limits, request.headers['content-length'])
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    // Taking four listeners off each request costs more than to ignore what comes late.
    let isSettled = false
    const settle = () => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      if (collector.problem) reject(collector.problem)
      else resolve(collector.take())
    }
    const onData = (chunk: Uint8Array) => {
      if (isSettled) return
      const goesOn = collector.add(chunk)
      if (!collector.problem) return
      if (goesOn) timer ??= setTimeout(settle, maxDiscardMs)
      else settle()
    }
    const onBroken = () => {
      if (isSettled) return
      collector.refuse(cutShort())
      settle()
    }
    if (collector.problem) timer = setTimeout(settle, maxDiscardMs)
    request.on('data', onData).on('end', settle).on('error', onBroken).on('close', onBroken)
  })
}

/** Reads the body of a Web request. Rejects with a `Problem`. */
export async function readWebBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const collector = new Collector(limits, request.headers.get('content-length'))
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined
  if (!reader) return collector.take()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, maxDiscardMs, undefined)
  })
  try {
    for (let goesOn = true; goesOn; ) {
      const part = await (collector.problem ? Promise.race([reader.read(), late]) : reader.read())
      if (!part || part.done) break
      goesOn = collector.add(part.value)
    }
  } catch (error) {
    collector.refuse(cutShort(error))
  } finally {
    clearTimeout(timer)
  }
  if (collector.problem) void reader.cancel().catch(() => undefined)
  return collector.take()
}

function cutShort(cause?: unknown): Problem {
  return new Problem(400, 'bad-request', { detail: 'The body ended too early.', cause })
}

function busy(): Problem {
  return new Problem(503, 'unavailable', {
    detail: 'Too much is being received at once. Try again in a moment.',
    headers: { 'retry-after': '1', connection: 'close' },
  })
}
