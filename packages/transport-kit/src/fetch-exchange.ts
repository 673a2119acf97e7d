import {
  collector,
  type Exchange,
  type ExchangeAnswer,
  ExchangeFailure,
  type ExchangeRequest,
  networkCode,
} from './exchange.ts'

/** Codes of errors that come before a connection is made. */
const beforeSending: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** Exchanges by a `fetch` that was passed in. */
export function fetchExchange(baseUrl: string, fetchIt: typeof fetch): Exchange {
  async function run(request: ExchangeRequest): Promise<ExchangeAnswer> {
    const { target, method, headers, body, stop } = request
    const controller = new AbortController()
    stop.listener = () => controller.abort()
    try {
      // A redirect would take the token along to wherever it leads.
      const init: RequestInit = { method, headers, signal: controller.signal, redirect: 'manual' }
      const response = await fetchIt(baseUrl + target, body === undefined ? init : { ...init, body })
      return { status: response.status, headers: response.headers, body: await bodyOf(response, request) }
    } catch (error) {
      throw failureFrom(error)
    }
  }
  return { run, close: () => undefined }
}

async function bodyOf(response: Response, { maxAnswerBytes }: ExchangeRequest): Promise<Buffer | undefined> {
  const collected = collector(maxAnswerBytes)
  for await (const chunk of response.body ?? []) {
    // Leaving the loop cancels the stream.
    if (!collected.add(chunk)) return undefined
  }
  return collected.bytes()
}

function failureFrom(error: unknown): ExchangeFailure {
  const reason = networkCode(error)
  return new ExchangeFailure({ left: !beforeSending.has(reason), reason }, error)
}
