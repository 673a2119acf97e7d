// Plays the provider on bare sockets, so that it costs less than what it measures.
import { connect, type Socket } from 'node:net'
import { createBody, sign } from './webhook.ts'

/** What one round has shown. */
export interface Load {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const warmUpRequests = 10_000
const measuredRequests = 40_000
const connections = 50
/** All of them. */
export const sentRequests = warmUpRequests + measuredRequests

/** Sends 50,000 signed webhooks over 50 connections, each the next as soon as one is answered; measures the last 40,000. */
export async function runLoad(port: number): Promise<Load> {
  const requests = Array.from({ length: sentRequests }, (_, index) => requestFor(index))
  const latencies = new Float64Array(measuredRequests)
  let next = 0
  let startedAtMs = 0
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  await Promise.all(
    sockets.map(async (socket) => {
      const exchange = exchangeOn(socket)
      for (let index = next++; index < requests.length; index = next++) {
        if (index === warmUpRequests) startedAtMs = performance.now()
        const sentAtMs = performance.now()
        await exchange(requests[index] as Buffer)
        if (index >= warmUpRequests) latencies[index - warmUpRequests] = performance.now() - sentAtMs
      }
      socket.destroy()
    }),
  )
  const seconds = (performance.now() - startedAtMs) / 1000
  latencies.sort()
  const quantile = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return { requestsPerSecond: Math.round(measuredRequests / seconds), p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}

function requestFor(index: number): Buffer {
  const body = createBody(index)
  const lines = [
    'POST /webhooks/cloud-api/main HTTP/1.1',
    'Host: localhost',
    'Accept: */*',
    'User-Agent: facebookexternalua',
    'Content-Type: application/json',
    `X-Hub-Signature-256: ${sign(body)}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket)).once('error', reject)
  })
}

/**
 * Writes a request and resolves when the whole answer is there; rejects where it is no 200. Both servers answer an empty body
 * with `Content-Length: 0`, so an answer is whole where its headers end.
 */
function exchangeOn(socket: Socket): (request: Buffer) => Promise<void> {
  let received: Buffer | undefined
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined
  socket.on('data', (chunk: Buffer) => {
    received = received ? Buffer.concat([received, chunk]) : chunk
    if (received.readUInt32BE(received.length - 4) !== endOfHeaders) return
    const isGood = received.toString('latin1', 0, 12) === 'HTTP/1.1 200'
    if (isGood) settle?.resolve()
    else settle?.reject(new Error(`Expected 200, got: ${received.toString('latin1', 0, 200)}`))
    received = undefined
  })
  socket.on('close', () => settle?.reject(new Error('The server closed the connection.')))
  return (request) =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject }
      socket.write(request)
    })
}

/** CR LF CR LF. */
const endOfHeaders = 0x0d0a0d0a
