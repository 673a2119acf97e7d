import type { Transport } from '@wa-agent/core'
import type { SimulatedWhatsApp } from '../simulated-whatsapp.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { CustomerText, TransportHarness } from './transport.ts'

/** Tries `transport`, whose provider is a simulated WhatsApp: with every feature. */
export function simulatedHarness(parts: {
  readonly transport: Transport
  readonly whatsapp: SimulatedWhatsApp
  readonly clock: VirtualClock
}): TransportHarness {
  const { transport, whatsapp, clock } = parts
  const say = ({ id, chat, text }: CustomerText) => whatsapp.customer(chat).says(text, { id })
  return {
    transport,
    clock,
    async start(host, messages = []) {
      await transport.start(host)
      messages.map(say)
    },
    arrived: async () => whatsapp.sent,
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: async () => undefined,
    async deliver(message) {
      say(message)
    },
    acknowledged: (id) => whatsapp.arrivals.unacknowledged.every(({ message }) => message.id !== id),
    async redeliver(id) {
      whatsapp.arrivals.redeliver({ id })
    },
    cut: async () => whatsapp.disconnect(),
    mend: async () => whatsapp.reconnect(),
    fail: (fault) => whatsapp.faults.next(fault),
    async deliverImage(id, bytes) {
      const reference = whatsapp.media.put(bytes === 'gone' ? new Uint8Array() : bytes)
      if (bytes === 'gone') whatsapp.media.remove(reference)
      whatsapp.customer('ana').sends({ type: 'image', id, media: { reference } })
    },
  }
}
