import { createHash } from 'node:crypto'
import type { LookupAddress } from 'node:dns'
import { type Clock, isWaAgentError, systemClock, WaAgentError } from '@wa-agent/core'
import { allowedUrl } from './allowed-url.ts'
import { type OpenedFile, openFile } from './open-file.ts'

/** A file at an address that came from outside. */
export interface OpenSafelyOptions {
  readonly url: string
  /**
   * Which hosts it may be on: `cdn.example.com`, or `.example.com` for every host below it, by https and at a public
   * address; or a whole origin such as `http://127.0.0.1:8080`, which is then trusted as it is.
   */
  readonly allowedHosts: readonly string[]
  /** E.g. the token. A redirect to another origin does not get them. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Takes the place of our own connections. Names are then checked before the call, not at the connection. */
  readonly fetch?: typeof fetch | undefined
  readonly maxBytes: number
  /** What the file must hash to, in hex or Base64. */
  readonly sha256?: string | undefined
  readonly signal: AbortSignal
  /** Resolves a name. Default: the system's. */
  readonly lookup?: ((hostname: string) => Promise<readonly LookupAddress[]>) | undefined
  /** Until the file begins to come, and between any two pieces of it. Default: 30,000. */
  readonly timeoutMs?: number | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

const maxRedirects = 3
const gone: ReadonlySet<number> = new Set([401, 403, 404, 410])

/**
 * Opens a file that somebody else named, so that it leads nowhere else: only to allowed hosts, never to private, link-local
 * or own addresses, at most 3 redirects, each checked in the same way.
 *
 * Rejects with `media_unavailable`: at once where the address is not allowed or the provider no longer has the file,
 * retryable where it cannot be reached now; and with `media_too_large`. The stream ends with the same errors where it becomes
 * too much, stops, or does not hash to `sha256`.
 */
export async function openSafely(options: OpenSafelyOptions): Promise<ReadableStream<Uint8Array>> {
  options.signal.throwIfAborted()
  const file = await follow(options)
  const { status } = file
  if (status !== 200) {
    await file.cancel()
    throw refusedBy(status)
  }
  const announced = Number(file.headers.get('content-length') ?? 0)
  if (announced > options.maxBytes) {
    await file.cancel()
    throw tooLarge(options.maxBytes)
  }
  return checked(file, options)
}

/** Whether the provider said that it does not have the file at this address: a fresh address may help. */
export function isGone(error: unknown): boolean {
  return isWaAgentError(error) && error.code === 'media_unavailable' && error.cause instanceof StatusOfProvider
}

/** What the provider answered instead of the file. */
class StatusOfProvider extends Error {
  override readonly name = 'StatusOfProvider'
}

async function follow(options: OpenSafelyOptions): Promise<OpenedFile> {
  let headers = options.headers ?? {}
  let address = options.url
  for (let redirects = 0; ; redirects += 1) {
    const allowed = allowedUrl(address, options.allowedHosts)
    if (!allowed) throw unavailable('is at an address that is not allowed. Look at the allowed media hosts')
    const file = await openFile(allowed, { ...settingsOf(options), headers })
    const location = file.headers.get('location')
    if (file.status < 300 || file.status > 399 || location === null) return file
    await file.cancel()
    if (redirects === maxRedirects) throw unavailable('is behind too many redirects')
    const next = URL.canParse(location, allowed.url.href) ? new URL(location, allowed.url.href) : undefined
    if (next?.origin !== allowed.url.origin) headers = {}
    address = next?.href ?? ''
  }
}

function settingsOf({ fetch, lookup, signal, timeoutMs = 30_000, clock = systemClock }: OpenSafelyOptions) {
  return { fetch, lookup, signal, timeoutMs, clock }
}

/** Passes the file on while counting and hashing it. */
function checked(file: OpenedFile, options: OpenSafelyOptions): ReadableStream<Uint8Array> {
  const { maxBytes } = options
  const expected = options.sha256 === undefined ? undefined : digestOf(options.sha256)
  const hash = expected && createHash('sha256')
  let sizeBytes = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await file.next()
        if (chunk !== undefined) {
          sizeBytes += chunk.byteLength
          if (sizeBytes > maxBytes) {
            await file.cancel()
            throw tooLarge(maxBytes)
          }
          hash?.update(chunk)
          controller.enqueue(chunk)
          return
        }
        if (hash && !hash.digest().equals(expected))
          throw unavailable('is not the one that was announced: its hash differs')
        controller.close()
      },
      cancel: () => file.cancel(),
    },
    { highWaterMark: 0 },
  )
}

/** Providers write it in hex or in Base64, and the same one in both. What is neither cannot be compared. */
function digestOf(sha256: string): Buffer | undefined {
  const digest = Buffer.from(sha256, /^[0-9a-f]{64}$/i.test(sha256) ? 'hex' : 'base64')
  return digest.byteLength === 32 ? digest : undefined
}

function refusedBy(status: number): WaAgentError {
  const cause = new StatusOfProvider(`HTTP ${status}`)
  if (gone.has(status)) {
    return new WaAgentError(
      'media_unavailable',
      `The provider no longer has the file (HTTP ${status}). Ask for it again.`,
      {
        cause,
      },
    )
  }
  const message = `The provider did not give the file (HTTP ${status}). Try again later.`
  return new WaAgentError('media_unavailable', message, { retryable: status === 429 || status >= 500 })
}

function tooLarge(maxBytes: number): WaAgentError {
  return new WaAgentError(
    'media_too_large',
    `The file has more than ${maxBytes} bytes. Raise the limit if it is wanted.`,
  )
}

function unavailable(what: string): WaAgentError {
  return new WaAgentError('media_unavailable', `The file ${what}.`)
}
