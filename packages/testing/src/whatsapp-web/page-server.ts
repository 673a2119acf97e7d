import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { host } from './browser.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import { connectionOn, type PageConnection } from './pages.ts'

/** What the server asks of the simulation. */
export interface PageEvents {
  /** The settings that a page which loads now is given. */
  settings(): unknown
  /** Whether pages can reach the server at all. */
  reachable(): boolean
  connect(page: PageConnection): void
  disconnect(page: PageConnection): void
  /** Answers a call of a page; what it throws is told to the page. */
  call(name: string, call: { readonly page: string; readonly value: unknown }): Promise<unknown>
  keepFile(bytes: Buffer, mimeType: string): string
  file(path: string): { readonly bytes: Buffer; readonly mimeType: string } | undefined
}

/** A server that listens on this machine only. */
export interface PageServer {
  readonly port: number
  readonly certificate: Certificate
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

/** The page's files are published as they are, beside the compiled code: they run in a browser. */
function pageFolder(): URL {
  let folder = new URL('.', import.meta.url)
  while (!existsSync(new URL('package.json', folder))) folder = new URL('..', folder)
  return new URL('src/whatsapp-web/page/', folder)
}

async function readPage(): Promise<ReadonlyMap<string, string>> {
  const folder = pageFolder()
  const names = await readdir(folder)
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), 'utf8')] as const)),
  )
}

/** Serves the page, its files and its way to the simulation over HTTPS. */
export async function servePage(events: PageEvents): Promise<PageServer> {
  const files = await readPage()
  const certificate = makeCertificate(host)
  const server = createServer(certificate, (request, response) => {
    answer({ request, response, events, files }).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: reason }))
    })
  })
  // A browser must never send on a connection that is being closed for having been idle.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject))
  return { port: (server.address() as AddressInfo).port, certificate, close: () => closed(server) }
}

async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await done
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly events: PageEvents
  readonly files: ReadonlyMap<string, string>
}

async function answer({ request, response, events, files }: Exchange): Promise<void> {
  const url = new URL(request.url ?? '/', `https://${host}`)
  if (!events.reachable() && url.pathname.startsWith('/sim/')) return void response.destroy()
  if (url.pathname === '/') {
    const settings = JSON.stringify(events.settings()).replaceAll('<', '\\u003c')
    return send(
      response,
      '.html',
      (files.get('index.html') ?? '').replace('{}', () => settings),
    )
  }
  if (url.pathname.startsWith('/page/')) {
    const name = url.pathname.slice('/page/'.length)
    const text = files.get(name)
    return text === undefined ? void response.writeHead(404).end() : send(response, extname(name), text)
  }
  if (url.pathname === '/sim/events') return openEvents(response, url, events)
  if (url.pathname === '/sim/media') return answerMedia({ request, response, events, files }, url)
  const value: unknown = JSON.parse((await bodyOf(request)).toString() || '{}')
  const name = url.pathname.slice('/sim/call/'.length)
  const result = (await events.call(name, { page: url.searchParams.get('page') ?? '', value })) ?? {}
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
}

function send(response: ServerResponse, extension: string, text: string): void {
  response.writeHead(200, { 'content-type': types[extension] ?? 'text/plain', 'cache-control': 'no-store' }).end(text)
}

function openEvents(response: ServerResponse, url: URL, events: PageEvents): void {
  const page = connectionOn(response, url.searchParams)
  response.once('close', () => events.disconnect(page))
  events.connect(page)
}

async function answerMedia({ request, response, events }: Exchange, url: URL): Promise<void> {
  if (request.method === 'PUT') {
    const path = events.keepFile(await bodyOf(request), request.headers['content-type'] ?? 'application/octet-stream')
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path }))
    return
  }
  const file = events.file(url.searchParams.get('path') ?? '')
  if (!file) return void response.writeHead(404).end()
  // For those who look at pictures; programs ask each time.
  response.writeHead(200, { 'content-type': file.mimeType, 'cache-control': 'max-age=3600' }).end(file.bytes)
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
