import type { ServerResponse } from 'node:http'

/** A page in some browser, for as long as it is connected. A reload makes another one. */
export interface PageConnection {
  readonly id: string
  /** The session that the browser's profile holds; '' for none. */
  token: string
  /** The number of the last message that it was told; `undefined` for a page that has just loaded. */
  after: number | undefined
  /** Whether it was told that it is linked. */
  linked: boolean
  /** What its socket says. */
  state: string
  /** Whether a program has read the QR of this page. */
  qrRead: boolean
  send(name: string, value?: unknown): void
  end(): void
}

/** Makes the connection of a page out of the response that is never finished. */
export function connectionOn(response: ServerResponse, query: URLSearchParams): PageConnection {
  const after = query.get('after')
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  return {
    id: query.get('page') ?? '',
    token: query.get('token') ?? '',
    after: after ? Number(after) : undefined,
    linked: false,
    state: 'OPENING',
    qrRead: false,
    send: (name, value = {}) => void response.write(`data: ${JSON.stringify({ name, value })}\n\n`),
    end: () => void response.end(),
  }
}
