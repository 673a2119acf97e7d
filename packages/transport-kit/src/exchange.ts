import type { IncomingMessage } from 'node:http'

/** A request as it goes onto the wire. */
export interface ExchangeRequest {
  /** Path and query, after the base. */
  readonly target: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: FormData | Uint8Array | string | undefined
  readonly maxAnswerBytes: number
  readonly stop: Stop
}

/** Ends a request from outside; an `AbortController` for each of them would cost more than the rest of the client. */
export class Stop {
  #reason: string | undefined
  #listener: (() => void) | undefined

  /** Why it is stopped; `undefined` while it is not. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Sets what is called once when it is stopped, at once where it is already. */
  set listener(listener: (() => void) | undefined) {
    this.#listener = listener
    if (this.#reason !== undefined) this.#tell()
  }

  stop(reason: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#tell()
  }

  #tell(): void {
    const listener = this.#listener
    this.#listener = undefined
    listener?.()
  }
}

/** The whole answer; no `body` where it was larger than allowed. */
export interface ExchangeAnswer {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  readonly body: Buffer | undefined
}

/** A way to get a request answered. */
export interface Exchange {
  /** Rejects with an `ExchangeFailure`. */
  run(request: ExchangeRequest): Promise<ExchangeAnswer>
  close(): void
}

/** Why no answer came. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure'
  /** Whether anything of the request may have reached the other side. */
  readonly left: boolean
  /** A code or a few words of ours. */
  readonly reason: string

  constructor(failure: { readonly left: boolean; readonly reason: string }, cause?: unknown) {
    super(failure.reason, cause === undefined ? undefined : { cause })
    this.left = failure.left
    this.reason = failure.reason
  }
}

/** The headers of an answer as `fetch` would give them. */
export function headersOf({ headers }: IncomingMessage): Pick<Headers, 'get'> {
  return {
    get(name) {
      const value = headers[name.toLowerCase()]
      return (Array.isArray(value) ? value.join(', ') : value) ?? null
    },
  }
}

/** Collects an answer up to `maxBytes`. */
export function collector(maxBytes: number) {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  return {
    /** `false` where it has become too much. */
    add(chunk: Uint8Array): boolean {
      sizeBytes += chunk.byteLength
      chunks.push(chunk)
      return sizeBytes <= maxBytes
    },
    bytes: () => Buffer.concat(chunks, sizeBytes),
  }
}

/** The code of an error of the network, e.g. `ECONNRESET`; its message may name addresses. */
export function networkCode(error: unknown): string {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    if ('code' in current && typeof current.code === 'string') return current.code
  }
  return error instanceof Error ? error.name : 'unknown'
}
