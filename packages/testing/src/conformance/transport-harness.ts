import assert from 'node:assert/strict'
import type {
  Clock,
  Delivery,
  OutboundMedia,
  OutboundMessage,
  SendResult,
  Transport,
  TransportHost,
} from '@wa-agent/core'
import { recordingHost } from '../recording-host.ts'
import type { ConformanceCase } from './conformance.ts'

/** A text that a customer sends. */
export interface CustomerText {
  readonly id: string
  readonly chat: string
  readonly text: string
}

/** A message as it arrived at the provider. */
export interface ArrivedMessage {
  readonly chat: string
  /** What it says in words; '' where it says none. */
  readonly text: string
}

/** How a provider can fail a send. */
export type ProviderFault =
  | 'rate-limited'
  | 'unavailable'
  | 'refused'
  | 'timeout-after-acceptance'
  | 'timeout-before-acceptance'

/** What not every transport can do or have tried. A case that needs it is skipped where `skips` names a reason. */
export type TransportFeature =
  | 'acknowledgement'
  | 'catch-up'
  | 'connection'
  | 'faults'
  | 'find'
  | 'incoming-later'
  | 'incoming-media'
  | 'redelivery'

/**
 * A transport to be tried, and its provider: a fake server, a simulated one, files. A plain object, whose functions are
 * called without `this`. The members that are optional belong to
 * a feature: leave them out only together with a reason in `skips`.
 */
export interface TransportHarness {
  /** Fresh and not started. */
  readonly transport: Transport
  /** What the host gives to the transport. */
  readonly clock: Clock
  /** Starts the transport on `host`, and has the provider deliver `messages` in this order. */
  start(host: TransportHost, messages?: readonly CustomerText[]): Promise<void>
  /** What has arrived at the provider, oldest first; a message that was sent twice is there twice. */
  arrived(): Promise<readonly ArrivedMessage[]>
  /** Lets time pass until `condition` is true; rejects where that does not happen in reasonable time. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  /** Lets so many milliseconds pass, and whatever happens in them. */
  pass(ms: number): Promise<void>
  /** Lets go of everything. Called once at the end, after the transport was stopped. */
  dispose(): Promise<void>
  /** A file that the transport can send, for each type with media. Default: one by URL. */
  readonly outboundMedia?: OutboundMedia
  /** Feature `incoming-later`: the provider delivers a message to the running transport. */
  deliver?(message: CustomerText): Promise<void>
  /** Feature `acknowledgement`: whether the provider knows that we have the message. */
  acknowledged?(id: string): boolean
  /** Feature `redelivery`: the provider delivers the message once more. */
  redeliver?(id: string): Promise<void>
  /** Feature `connection`: the connection breaks, or comes back. */
  cut?(): Promise<void>
  mend?(): Promise<void>
  /** Feature `faults`: the provider fails the next send like this. */
  fail?(fault: ProviderFault): void
  /** Feature `incoming-media`: the provider delivers an image with these bytes, or one whose file is gone. */
  deliverImage?(id: string, bytes: Uint8Array | 'gone'): Promise<void>
}

/** A case of the suite, and the feature that it needs. */
export interface TransportCase extends ConformanceCase<TransportHarness> {
  readonly feature?: TransportFeature
}

/** Why features of a transport are not tried: a reason for each, for whoever reads the test's output. */
export type TransportSkips = Readonly<Partial<Record<TransportFeature, string>>>

/** What a case works with. */
export interface TransportWorld extends TransportHarness {
  readonly host: ReturnType<typeof recordingHost>
  /** Sends a text, or `message`, to chat `ana`. */
  send(delivery: Partial<Delivery> & { readonly id: string }, signal?: AbortSignal): Promise<SendResult>
}

/** Makes a case that starts from a fresh harness and ends it whatever happens. */
export function kept(
  promise: string | { readonly name: string; readonly feature: TransportFeature },
  run: (world: TransportWorld) => Promise<void>,
): TransportCase {
  const title = typeof promise === 'string' ? { name: promise } : promise
  return {
    ...title,
    async run(create) {
      const harness = await create()
      const host = recordingHost({ clock: harness.clock })
      const send: TransportWorld['send'] = (delivery, signal = new AbortController().signal) =>
        harness.transport.send(complete(delivery), { signal })
      // A harness may hand out more than it has to.
      const arrived = async () => (await harness.arrived()).map(({ chat, text }) => ({ chat, text }))
      try {
        await run({ ...harness, host, send, arrived })
      } finally {
        await harness.transport.stop()
        await harness.dispose()
      }
    },
  }
}

/** A delivery with everything that a case does not care about filled in. */
export function complete(delivery: Partial<Delivery> & { readonly id: string }): Delivery {
  const message: OutboundMessage = { type: 'text', text: `text of ${delivery.id}` }
  return { chat: 'ana', message, inReplyTo: [], attempt: 1, ...delivery }
}

/** A member that belongs to a feature; fails where the harness has neither it nor a reason to skip the case. */
export function needed<Member>(member: Member | undefined, name: string): Member {
  assert.ok(member !== undefined, `The harness has no \`${name}\`: add it, or give the reason in \`skips\`.`)
  return member
}

/** A text from chat `ana`. */
export function textFrom(id: string, fields: Partial<CustomerText> = {}): CustomerText {
  return { id, chat: 'ana', text: `text of ${id}`, ...fields }
}
