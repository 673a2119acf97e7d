import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { pubsubQueue } from './pubsub-queue.ts'
import { freshOptions } from './testing-server/test-options.ts'
import { startPubsubServer } from './testing-server/test-pubsub-server.ts'

beforeAll(() => {
  // Google's client would look for a machine of Google's otherwise, and warn.
  process.env['METADATA_SERVER_DETECTION'] = 'none'
})

async function open() {
  const server = await startPubsubServer()
  const queue = pubsubQueue(freshOptions(server))
  onTestFinished(async () => {
    await queue.close()
    await server[Symbol.asyncDispose]()
  })
  await queue.publish([])
  return { server, queue }
}

const mayNot = (asked: string) => (asked === 'POST publish' ? 403 : undefined)
const unavailable = { code: 'queue_unavailable', retryable: true }

test('who may not publish is not ready, and is again when the right is back', async () => {
  const { server, queue } = await open()
  await queue.ping?.()
  server.refuse = mayNot
  await expect(queue.stats()).resolves.toBeDefined()
  await expect(queue.ping?.()).rejects.toMatchObject(unavailable)
  server.refuse = () => undefined
  await queue.ping?.()
})

test('who only consumes need not be allowed to publish', async () => {
  const { server, queue } = await open()
  const worker = pubsubQueue({
    projectId: 'project',
    topic: 'messages',
    subscription: 'workers',
    apiEndpoint: server.endpoint,
    create: true,
  })
  onTestFinished(() => worker.close())
  worker.consume(async () => undefined)
  await worker.ping?.()
  server.refuse = mayNot
  await worker.ping?.()
  await expect(queue.ping?.()).rejects.toMatchObject(unavailable)
})

test('where nobody says which rights there are, to see the topic has to do', async () => {
  const { server, queue } = await open()
  server.refuse = (asked) => (asked === 'POST testIamPermissions' ? 501 : undefined)
  await queue.ping?.()
  server.refuse = (asked) => (asked === 'POST testIamPermissions' ? 501 : asked === 'GET ' ? 404 : undefined)
  await expect(queue.ping?.()).rejects.toMatchObject(unavailable)
})
