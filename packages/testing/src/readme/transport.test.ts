import { type SimulatedWhatsApp, simulatedWhatsApp } from '@wa-agent/testing'

// Stand for a provider and a transport of your own.
const fakeProvider = simulatedWhatsApp
const myTransport = ({ provider }: { provider: SimulatedWhatsApp }) => provider.transport

// #region transport
import {
  type CustomerText,
  skipReason,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
  virtualClock,
} from '@wa-agent/testing'
import { test } from 'vitest'

async function create(): Promise<TransportHarness> {
  const clock = virtualClock()
  const provider = fakeProvider({ clock }) // yours, e.g. an HTTP server in memory
  const transport = myTransport({ provider })
  const deliver = async ({ id, chat, text }: CustomerText) => void provider.customer(chat).says(text, { id })
  return {
    transport,
    clock,
    async start(host, messages = []) {
      await transport.start(host)
      for (const message of messages) await deliver(message)
    },
    arrived: async () => provider.sent,
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: async () => undefined,
    deliver,
    fail: (fault) => provider.faults.next(fault),
  }
}

// What the provider cannot do, and why the cases that need it are left out.
const skips: TransportSkips = {
  acknowledgement: 'the provider does not wait for an answer',
  'catch-up': 'the provider keeps nothing',
  connection: 'webhooks have no connection',
  'incoming-media': 'the provider carries texts only',
  redelivery: 'the provider never repeats itself',
}

for (const one of transportConformance) {
  const reason = skipReason(one, skips)
  test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
}
// #endregion
