import type { IServerAdapter } from '@bull-board/api/typings/app'
import { WaAgentError } from '@wa-agent/core'
import type { BullmqQueue } from '../bullmq-queue.ts'
import type { BullBoardOptions } from './bull-board.ts'
import { shownData, shownName } from './shown-data.ts'
import { staticFiles } from './static-files.ts'

/** Answers requests to the page. */
export type Page = (request: Request) => Response | Promise<Response>

/** Makes the page, if its packages are there. */
export async function loadBoard(queue: BullmqQueue, options: Required<BullBoardOptions>): Promise<Page> {
  const { createBullBoard, BullMQAdapter, HonoAdapter, Hono } = await loadPackages()
  const { basePath, showData, readOnly } = options
  const adapter = new BullMQAdapter(queue.broker, { readOnlyMode: readOnly })
  adapter.setFormatter('name', shownName)
  if (!showData) {
    adapter.setFormatter('data', shownData)
    adapter.setFormatter('returnValue', () => undefined)
    adapter.setFormatter('progress', () => undefined)
  }
  // Their types know other runtimes' `serveStatic` only, and do not agree with each other on what is optional.
  const server = new HonoAdapter(staticFiles as unknown as ConstructorParameters<typeof HonoAdapter>[0])
  const serverAdapter = server.setBasePath(basePath) as unknown as IServerAdapter
  const uiConfig = { boardTitle: 'Queues', hideDocsLink: true, hideRedisDetails: true }
  createBullBoard({ queues: [adapter], serverAdapter, options: { uiConfig } })
  const app = new Hono({ strict: false }).route(basePath, server.registerPlugin())
  return (request) => app.fetch(request)
}

async function loadPackages() {
  try {
    const [api, adapter, server, hono] = await Promise.all([
      import('@bull-board/api'),
      import('@bull-board/api/bullMQAdapter'),
      import('@bull-board/hono'),
      import('hono'),
    ])
    return {
      createBullBoard: api.createBullBoard,
      BullMQAdapter: adapter.BullMQAdapter,
      HonoAdapter: server.HonoAdapter,
      Hono: hono.Hono,
    }
  } catch (error) {
    throw packagesMissing(error)
  }
}

function packagesMissing(cause: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    '[bullBoard] Bull Board cannot be loaded. Run: npm install @bull-board/api @bull-board/hono hono',
    { cause },
  )
}
