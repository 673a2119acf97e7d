import { type Api, explained, PubsubRefusal } from './api.ts'
import type { Settings } from './options.ts'
import { pushConfigOf, type Subscription } from './resources.ts'

/** Whether the queue is paused, for all processes: Pub/Sub itself knows no such thing. */
export interface PausedMark {
  read(): Promise<boolean>
  write(paused: boolean): Promise<void>
}

const label = 'wa-agent-paused'

/** Keeps the mark in the subscription's labels; the emulator cannot change labels, there it is a topic. */
export function pausedMark(api: Api, settings: Settings): PausedMark {
  const mark = settings.emulator ? markByTopic(api, settings) : markByLabel(api, settings)
  const { push, subscription } = settings
  return {
    read: mark.read,
    async write(paused) {
      await mark.write(paused)
      if (!push?.endpoint) return
      // Every refused push counts as a delivery and waits longer: better that Pub/Sub pushes nothing meanwhile.
      const pushConfig = paused ? {} : pushConfigOf(push)
      await told(api.call({ method: 'POST', path: `${subscription}:modifyPushConfig`, body: { pushConfig } }))
    },
  }
}

function markByLabel(api: Api, { subscription }: Settings): PausedMark {
  const labels = async () => (await api.call<Subscription>({ method: 'GET', path: subscription })).labels ?? {}
  return {
    read: async () => label in (await labels()),
    async write(paused) {
      const { [label]: _, ...others } = await told(labels())
      const body = {
        subscription: { name: subscription, labels: paused ? { ...others, [label]: 'true' } : others },
        updateMask: 'labels',
      }
      await told(api.call({ method: 'PATCH', path: subscription, body }))
    },
  }
}

function markByTopic(api: Api, { subscription }: Settings): PausedMark {
  const path = `${subscription.replace('/subscriptions/', '/topics/')}-paused`
  return {
    read: () => api.call({ method: 'GET', path }).then(() => true, unless(404, false)),
    write: (paused) =>
      paused
        ? told(api.call({ method: 'PUT', path, body: {} })).then(() => undefined, unless(409, undefined))
        : told(api.call({ method: 'DELETE', path })).then(() => undefined, unless(404, undefined)),
  }
}

/** Turns one refusal into a value; everything else stays an error. */
function unless<Value>(status: number, value: Value): (error: unknown) => Value {
  return (error) => {
    const cause = error instanceof Error && error.cause instanceof PubsubRefusal ? error.cause : error
    if (cause instanceof PubsubRefusal && cause.status === status) return value
    throw error
  }
}

async function told<Answer>(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work
  } catch (error) {
    throw explained(error, 'pause or resume')
  }
}
