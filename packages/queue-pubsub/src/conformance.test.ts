import { queueConformance } from '@wa-agent/testing'
import { pubsubForTests } from '@wa-agent/testing/servers'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { pubsubHarness } from './testing-server/test-harness.ts'
import { startPubsubServer } from './testing-server/test-pubsub-server.ts'

/** A deadline of Pub/Sub is at least ten seconds, and dead letters are looked for more than once. */
const timeout = 90_000

/**
 * What the emulator cannot do, though Pub/Sub can: it gives all that waits to the first who asks, however little that one asks for,
 * and goes on for up to a minute to deliver to a consumer that has stopped. Our own server does all of it.
 */
const beyondEmulator = /two objects|stops|aborted|paused?\b|dies|died|\bclose/
/** For the same reason what it is asked once more may take another minute. */
const onEmulator = { timeout, retry: 2 }
/** A push that is lost on a busy machine counts as a delivery, also with Pub/Sub itself: the job then has one attempt less. */
const onServer = (push: boolean) => ({ timeout, retry: push ? 1 : 0 })

// Our own server is held against Google's emulator by the same cases.
const emulator = await pubsubForTests()
const server = await startPubsubServer()
beforeAll(() => {
  // Google's client would look for a machine of Google's otherwise, and warn.
  process.env['METADATA_SERVER_DETECTION'] = 'none'
})
afterAll(async () => {
  await emulator?.[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

// Pulled only: it pushes no more at once than the machine has cores, and what it was answered 503 to may rest for a minute.
describe.skipIf(!emulator).concurrent("pubsubQueue, pulled, with Google's emulator", () => {
  const { host = '', projectId = '' } = emulator ?? {}
  for (const { name, run } of queueConformance) {
    test.skipIf(beyondEmulator.test(name))(name, onEmulator, () =>
      run(() => pubsubHarness({ host, projectId, emulator: true, push: false })),
    )
  }
})

for (const push of [false, true]) {
  describe.concurrent(`pubsubQueue, ${push ? 'pushed' : 'pulled'}, with the server of the tests`, () => {
    const target = {
      host: server.endpoint.replace('http://', ''),
      projectId: 'project',
      emulator: false,
      push,
      feedOf: (name: string) => server.broker.subscription(`projects/project/subscriptions/${name}`),
    }
    for (const { name, run } of queueConformance) test(name, onServer(push), () => run(() => pubsubHarness(target)))
  })
}
