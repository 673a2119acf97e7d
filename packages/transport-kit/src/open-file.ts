import type { LookupAddress } from 'node:dns'
import { lookup as lookupBySystem } from 'node:dns/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { type Clock, isWaAgentError, WaAgentError } from '@wa-agent/core'
import type { AllowedUrl } from './allowed-url.ts'
import { headersOf, networkCode } from './exchange.ts'
import { isPublicAddress } from './public-address.ts'

/** A file that has begun to come. */
export interface OpenedFile {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  /** The next piece; `undefined` at the end. */
  next(): Promise<Uint8Array | undefined>
  cancel(): Promise<void>
}

/** Finds all addresses of a name. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>

export interface OpenFileSettings {
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: typeof fetch | undefined
  readonly lookup: Lookup | undefined
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly clock: Clock
}

interface Answer {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  readonly body: AsyncIterable<Uint8Array>
}

/** Asks for a file, without following redirects. Rejects with `media_unavailable`, or with the signal's reason. */
export async function openFile(allowed: AllowedUrl, settings: OpenFileSettings): Promise<OpenedFile> {
  const patience = patienceOf(settings)
  const lookup = settings.lookup ?? ((hostname) => lookupBySystem(hostname, { all: true }))
  try {
    const answer = await patience.during(() =>
      settings.fetch
        ? byFetch(allowed, { ...settings, fetch: settings.fetch, lookup, signal: patience.signal })
        : byNode(allowed, { ...settings, lookup, signal: patience.signal }),
    )
    const pieces = answer.body[Symbol.asyncIterator]()
    return {
      status: answer.status,
      headers: answer.headers,
      async next() {
        const { done, value } = await patience.during(() => pieces.next())
        if (done) patience.end()
        return done ? undefined : value
      },
      async cancel() {
        // What was never read has to be told to stop, too.
        patience.stop()
        await pieces.return?.().catch(() => undefined)
      },
    }
  } catch (error) {
    patience.end()
    throw error
  }
}

/** Aborts what takes too long, and says in our words what went wrong. */
function patienceOf({ signal, timeoutMs, clock }: OpenFileSettings) {
  const stop = new AbortController()
  const abort = () => stop.abort()
  signal.addEventListener('abort', abort, { once: true })
  const end = () => signal.removeEventListener('abort', abort)
  async function during<Value>(work: () => Promise<Value>): Promise<Value> {
    const cancelTimer = clock.after(timeoutMs, abort)
    try {
      return await work()
    } catch (error) {
      end()
      signal.throwIfAborted()
      throw interrupted(error, stop.signal)
    } finally {
      cancelTimer()
    }
  }
  return {
    signal: stop.signal,
    during,
    end,
    stop() {
      end()
      abort()
    },
  }
}

type AnswerSettings = OpenFileSettings & { readonly lookup: Lookup }

async function byFetch({ url, trusted }: AllowedUrl, settings: AnswerSettings & { readonly fetch: typeof fetch }) {
  const { headers, signal, lookup } = settings
  if (!trusted) await publicAddresses(url.hostname, lookup)
  const response = await settings.fetch(url.href, { headers, signal, redirect: 'manual' })
  return { status: response.status, headers: response.headers, body: response.body ?? nothing() }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function byNode({ url, trusted }: AllowedUrl, settings: AnswerSettings): Promise<Answer> {
  const options = {
    // A hash is over the file as it is, and so is its length.
    headers: { 'accept-encoding': 'identity', ...settings.headers },
    signal: settings.signal,
    // No connection is shared with calls whose addresses nobody has checked.
    agent: false as const,
    ...(trusted ? {} : { lookup: checkedLookup(settings.lookup) }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
    outgoing.once('response', (incoming) => {
      // Between two pieces nobody listens, and an error that nobody hears ends the process.
      incoming.on('error', () => undefined)
      resolve({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body: incoming })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Checks the very addresses that are then connected to: a name may resolve to another one the next time. */
function checkedLookup(lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    publicAddresses(hostname, lookup).then(
      (addresses) => {
        const [first] = addresses
        if (options.all) callback(null, [...addresses])
        else callback(null, first?.address ?? '', first?.family)
      },
      (error: Error) => callback(error, []),
    )
  }
}

async function publicAddresses(hostname: string, lookup: Lookup): Promise<readonly LookupAddress[]> {
  const addresses = await lookup(hostname)
  if (addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address))) return addresses
  throw new WaAgentError('media_unavailable', 'The file is at an address that is not on the public internet.')
}

function interrupted(error: unknown, signal: AbortSignal): WaAgentError {
  if (isWaAgentError(error)) return error
  const what = signal.aborted ? 'did not come in time' : `could not be fetched (${networkCode(error)})`
  return new WaAgentError('media_unavailable', `The file ${what}. Try again later.`, { retryable: true, cause: error })
}
