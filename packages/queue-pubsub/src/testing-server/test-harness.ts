import type { Logger, Queue } from '@wa-agent/core'
import type { QueueHarness } from '@wa-agent/testing'
import type { PubsubQueueOptions } from '../options.ts'
import { pubsubQueue } from '../pubsub-queue.ts'
import { type Balancer, startBalancer } from './test-balancer.ts'
import { type Breakable, breakable } from './test-breakable.ts'
import type { Feed } from './test-feed.ts'
import { startPusher } from './test-pusher.ts'
import { audience, keys, serviceAccount } from './test-tokens.ts'

/** What to try the queue against. */
export interface Target {
  /** Host and port. */
  readonly host: string
  readonly projectId: string
  readonly emulator: boolean
  readonly push: boolean
  /** Gives the subscription that is pushed from here; the emulator pushes itself. */
  readonly feedOf?: (name: string) => Feed
}

const retryBaseMs = 400
const pollMs = 100
/** The emulator needs some seconds for what Pub/Sub says it does at once, and a deadline takes ten. */
const patienceMs = 60_000

let subjects = 0

/** A queue in topics of its own, in real time: the server and Google's client know no other. */
export async function pubsubHarness(target: Target): Promise<QueueHarness> {
  subjects += 1
  const name = `queue-${subjects}`
  const balancer = target.push ? await startBalancer() : undefined
  const made = new Map<Queue, Made>()
  const log: string[] = []
  const make = async (): Promise<Queue> => {
    const way = await breakable(target.host)
    const queue = pubsubQueue({ ...optionsOf({ target, name, balancer, way }), logger: into(log) })
    made.set(queue, { way, leave: balancer?.add(queue.pushHandler()) })
    return queue
  }
  const queue = await make()
  // Topics and subscriptions are there before anything is tried, so that whatever is pushed can be.
  await queue.publish([])
  const stopPushing = target.feedOf && target.push ? startPusher(target.feedOf(name)) : undefined
  const crashed = new Set<Queue>()
  const crash = async (dying: Queue) => {
    const { leave, way } = made.get(dying) ?? {}
    crashed.add(dying)
    leave?.()
    await way?.cut()
  }
  return {
    queue,
    retryBaseMs,
    noticeMs: pollMs * 3,
    another: make,
    ...(feels(target) ? { crash } : {}),
    now: () => Date.now(),
    until: (condition) =>
      until(condition).catch((error: unknown) => {
        throw new Error(`It did not happen. The log says: ${log.join('; ')}`, { cause: error })
      }),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async dispose() {
      stopPushing?.()
      const closing = [...made.keys()].filter((one) => !crashed.has(one)).map((one) => one.close())
      // A case that failed in the middle has left handlers behind that never end.
      await Promise.race([Promise.all(closing), new Promise((resolve) => setTimeout(resolve, 5000).unref())])
      for (const one of crashed) void one.close()
      await balancer?.[Symbol.asyncDispose]()
      for (const [one, { way }] of made) if (!crashed.has(one)) await way.cut()
    },
  }
}

/** The emulator goes on for up to a minute to hand messages to a stream whose process was killed. */
function feels({ emulator, push }: Target): boolean {
  return !emulator || push
}

interface Made {
  readonly way: Breakable
  readonly leave: (() => void) | undefined
}

function optionsOf({
  target,
  name,
  balancer,
  way,
}: {
  readonly target: Target
  readonly name: string
  readonly balancer: Balancer | undefined
  readonly way: Breakable
}): PubsubQueueOptions {
  return {
    projectId: target.projectId,
    topic: name,
    subscription: name,
    create: true,
    pollMs,
    retry: { maxAttempts: 3, baseMs: retryBaseMs, jitter: 0 },
    ...(target.emulator ? { emulatorHost: way.host } : { apiEndpoint: `http://${way.host}` }),
    ...(balancer ? { push: { audience, serviceAccount, keys, endpoint: balancer.url } } : {}),
  }
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + patienceMs
  while (!(await condition())) {
    if (Date.now() > giveUpAtMs) throw new Error(`it did not happen within ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function into(lines: string[]): Logger {
  const keep = (fields: object, line: string) => void lines.push(`${line} ${JSON.stringify(fields)}`)
  return { debug: () => undefined, info: () => undefined, warn: keep, error: keep }
}
