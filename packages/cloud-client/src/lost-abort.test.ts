import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { silentLogger, systemClock } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { Connection } from './connection.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('a stream ends when its signal does, also after garbage was collected', async () => {
  const server = createServer((_request, response) => response.writeHead(200).write(':\n\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const connection = new Connection({
    ...{ url: `http://127.0.0.1:${port}`, tenantId: 'shop', apiKey: 'key', channel: undefined, fetch: undefined },
    ...{ clock: systemClock, logger: silentLogger, onEvent: () => undefined },
  })
  const stopping = new AbortController()
  const opened = await connection.open(
    { method: 'GET', path: 'stream', timeoutMs: 60_000, signal: undefined },
    AbortSignal.any([stopping.signal]),
  )
  const read = opened.text().catch((error: unknown) => error)
  for (let round = 0; round < 5; round += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
  }
  stopping.abort()
  expect(await read).toMatchObject({ name: 'AbortError' })
  server.closeAllConnections()
  server.close()
})
