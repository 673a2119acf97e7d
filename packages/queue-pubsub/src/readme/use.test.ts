import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { until } from '../testing-server/test-harness.ts'
import { startPubsubServer } from '../testing-server/test-pubsub-server.ts'
import { tokenOf } from '../testing-server/test-tokens.ts'

beforeAll(() => {
  process.env['METADATA_SERVER_DETECTION'] = 'none'
})

// #region use
import { pubsubQueue } from '@wa-agent/queue-pubsub'

/** In each process that ingests or works: createIngest({ queue, ... }), createWorker({ queue, ... }). */
const queueOf = (projectId: string) =>
  pubsubQueue({ projectId, topic: 'whatsapp-messages', subscription: 'whatsapp-workers' })
// #endregion

// #region push
/** A worker that Pub/Sub pushes to. Any server that has Request and Response can use `push`. */
function pushedWorker(projectId: string) {
  const queue = pubsubQueue({
    projectId,
    topic: 'whatsapp-messages',
    subscription: 'whatsapp-workers',
    push: {
      audience: 'https://worker-abc.a.run.app/pubsub',
      serviceAccount: 'pusher@my-project.iam.gserviceaccount.com',
      endpoint: 'https://worker-abc.a.run.app/pubsub',
    },
  })
  const push = queue.pushHandler() // (request: Request) => Promise<Response>
  return { queue, push }
}
// #endregion

test('one publishes, another works', async () => {
  const server = await startPubsubServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  // What Google's clients follow, and so does the queue.
  process.env['PUBSUB_EMULATOR_HOST'] = server.endpoint.replace('http://', '')
  onTestFinished(() => void delete process.env['PUBSUB_EMULATOR_HOST'])
  server.broker.createTopic('projects/shop/topics/whatsapp-messages')
  server.broker.createSubscription('projects/shop/subscriptions/whatsapp-workers', {
    topic: 'projects/shop/topics/whatsapp-messages',
  })
  const [ingest, worker] = [queueOf('shop'), queueOf('shop')]
  onTestFinished(() => ingest.close())
  onTestFinished(() => worker.close())
  const seen: string[] = []
  worker.consume(async ({ id }) => void seen.push(id))
  await ingest.publish([{ id: 'acme/main/1', tenant: 'acme', channel: 'main', data: null }])
  await until(() => seen.length === 1)
})

test('a pushed worker believes Google alone', async () => {
  const { queue, push } = pushedWorker('shop')
  onTestFinished(() => queue.close())
  const asked = (headers: Record<string, string>) =>
    new Request('https://worker/', { method: 'POST', body: '{}', headers })
  expect((await push(asked({}))).status).toBe(401)
  expect((await push(asked({ authorization: `Basic ${tokenOf()}` }))).status).toBe(401)
})
