import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import {
  collector,
  type Exchange,
  type ExchangeAnswer,
  ExchangeFailure,
  type ExchangeRequest,
  headersOf,
  networkCode,
} from './exchange.ts'

/**
 * Servers close connections that are idle, and a request that meets the closing is lost without anybody knowing whether it
 * arrived. So ours are closed earlier than theirs: 5 seconds is the shortest that is usual.
 */
const idleMs = 4000

/** Exchanges by `node:http` over connections that are kept alive. */
export function nodeExchange(baseUrl: string, options: { readonly maxConnections: number }): Exchange {
  const { protocol, hostname, port, pathname } = new URL(baseUrl)
  const isSecure = protocol === 'https:'
  const settings = { keepAlive: true, maxSockets: options.maxConnections, timeout: idleMs }
  const agent = isSecure ? new HttpsAgent(settings) : new HttpAgent(settings)
  const begin = isSecure ? requestHttps : requestHttp
  // An IPv6 address stands in brackets only where a port may follow.
  const address = { host: hostname.replace(/^\[|\]$/g, ''), agent, ...(port === '' ? {} : { port }) }
  const prefix = pathname.replace(/\/+$/, '')

  async function run(request: ExchangeRequest): Promise<ExchangeAnswer> {
    const { body, headers } = request.body instanceof FormData ? await encodeForm(request.body, request) : request
    if (request.stop.reason !== undefined) throw new ExchangeFailure({ left: false, reason: request.stop.reason })
    const outgoing = begin({ ...address, path: prefix + request.target, method: request.method, headers })
    const answer = answerTo(outgoing, request)
    // Text leaves in one piece with the headers.
    outgoing.end(body)
    return answer
  }

  return {
    run,
    close() {
      // Only the idle ones: what is on its way ends by itself.
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    },
  }
}

function answerTo(outgoing: ClientRequest, { stop, maxAnswerBytes }: ExchangeRequest): Promise<ExchangeAnswer> {
  return new Promise((resolve, reject) => {
    let left = false
    const fail = (error: unknown) => {
      stop.listener = undefined
      reject(new ExchangeFailure({ left, reason: networkCode(error) }, error))
    }
    stop.listener = () => {
      // One that waits for a connection tells of its end only once it gets one.
      fail(new Error('stopped'))
      outgoing.destroy()
    }
    outgoing.on('error', fail)
    outgoing.once('socket', (socket) =>
      whenOpen(socket, () => {
        left = true
      }),
    )
    outgoing.once('response', (incoming) => {
      const collected = collector(maxAnswerBytes)
      const finish = (body: Buffer | undefined) => {
        stop.listener = undefined
        resolve({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body })
      }
      incoming.on('data', (chunk: Buffer) => {
        if (collected.add(chunk)) return
        finish(undefined)
        incoming.destroy()
      })
      incoming.once('end', () => finish(collected.bytes()))
      incoming.on('error', fail)
    })
  })
}

/** Nothing is written before the connection is made, and for https not before its handshake is over. */
function whenOpen(socket: Socket, tell: () => void): void {
  const encrypted = 'encrypted' in socket
  const pending = socket.connecting || ('secureConnecting' in socket && socket.secureConnecting === true)
  if (pending) socket.once(encrypted ? 'secureConnect' : 'connect', tell)
  else tell()
}

/** In one piece, so that its length is known: servers refuse uploads in chunks. */
async function encodeForm(form: FormData, { headers }: ExchangeRequest) {
  const encoded = new Response(form)
  const contentType = encoded.headers.get('content-type') ?? 'multipart/form-data'
  return { body: new Uint8Array(await encoded.arrayBuffer()), headers: { ...headers, 'content-type': contentType } }
}
