import {
  type CustomerText,
  type ProviderFault,
  skipReason,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
  virtualClock,
} from '@wa-agent/testing'
import { test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials, fakeMeta, type GraphFault, messagesWebhook, webhookRequest } from './fake-meta.ts'

const faults: Readonly<Record<ProviderFault, GraphFault>> = {
  'rate-limited': { status: 429, code: 130429 },
  unavailable: { status: 503, code: 131016 },
  refused: { status: 400, code: 131026 },
  'timeout-after-acceptance': 'accept-and-hang',
  'timeout-before-acceptance': 'hang',
}

const textMessage = ({ id, chat, text }: CustomerText) => ({
  from: chat,
  id,
  timestamp: '1764000000',
  type: 'text',
  text: { body: text },
})

async function create(): Promise<TransportHarness> {
  const clock = virtualClock()
  const meta = await fakeMeta()
  const transport = cloudApiTransport({ ...credentials, baseUrl: meta.url, clock })
  /** What Meta has to deliver, and how the last try ended. */
  const arrivals = new Map<string, { readonly body: unknown; state: 'waiting' | 'flying' | 'taken' }>()

  function push(id: string, body: unknown): void {
    arrivals.set(id, { body, state: 'waiting' })
    pushWaiting()
  }

  /** As Meta does: what was not answered by 200 is delivered again. */
  function pushWaiting(): void {
    for (const arrival of arrivals.values()) {
      if (arrival.state !== 'waiting') continue
      arrival.state = 'flying'
      const settle = (status: number) => {
        arrival.state = status === 200 ? 'taken' : 'waiting'
      }
      transport.webhook(webhookRequest(arrival.body)).then(
        ({ status }) => settle(status),
        () => settle(0),
      )
    }
  }

  const say = (message: CustomerText) => push(message.id, messagesWebhook([textMessage(message)]))

  async function pass(ms: number): Promise<void> {
    await new Promise(setImmediate)
    pushWaiting()
    await clock.advance(ms)
  }

  return {
    transport,
    clock,
    async start(host, messages = []) {
      await transport.start(host)
      for (const message of messages) say(message)
    },
    arrived: async () =>
      meta.sent.map((message) => ({
        chat: String(message['to']),
        text: (message['text'] as { readonly body: string } | undefined)?.body ?? '',
      })),
    async until(condition) {
      for (let round = 0; !(await condition()); round += 1) {
        if (round > 20_000) throw new Error('it did not happen')
        // Time passes only where somebody waits for an answer that does not come.
        await pass(meta.hanging > 0 ? 1000 : 0)
      }
    },
    pass,
    async dispose() {
      await meta[Symbol.asyncDispose]()
    },
    deliver: async (message) => say(message),
    acknowledged: (id) => arrivals.get(id)?.state === 'taken',
    async redeliver(id) {
      push(id, arrivals.get(id)?.body)
    },
    fail: (fault) => void meta.faults.push(faults[fault]),
    async deliverImage(id, bytes) {
      if (bytes !== 'gone') meta.files.set(id, { bytes: Buffer.from(bytes) })
      const image = { id, mime_type: 'image/png' }
      push(id, messagesWebhook([{ from: 'ana', id, timestamp: '1764000000', type: 'image', image }]))
    },
  }
}

const skips: TransportSkips = {
  'catch-up': 'Meta delivers again by itself for 7 days, and has no history to ask for',
  connection: 'Meta comes to us, so there is no connection that breaks',
  find: 'Meta cannot be asked for a message; what became of it comes by webhook',
}

for (const one of transportConformance) {
  const reason = skipReason(one, skips)
  test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
}
