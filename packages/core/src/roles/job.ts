import { z } from 'zod'
import type { ChannelKey } from '../conversation.ts'
import { WaAgentError } from '../errors.ts'
import type { InboundMessageInput } from '../message.ts'
import type { QueueJob } from '../queue.ts'
import type { ConnectionState, DeliveryUpdate } from '../transport.ts'

/** What an ingest tells the workers. Only workers of the same version of this package need to understand it. */
export type JobData =
  /** Messages that came in, in the order of their arrival; `receivedAtMs` in milliseconds since 1970. */
  | { readonly type: 'messages'; readonly messages: readonly InboundMessageInput[]; readonly receivedAtMs: number }
  /** What the provider told about messages of ours. */
  | { readonly type: 'updates'; readonly updates: readonly DeliveryUpdate[] }
  /** Whoever answered a chat by hand has given it back. */
  | { readonly type: 'release'; readonly chat: string }
  /** The connection of the channel has changed. */
  | { readonly type: 'connection'; readonly state: ConnectionState; readonly reason?: string; readonly atMs: number }
  /** Mail of the chat is in the storage already, and due then. */
  | { readonly type: 'bell'; readonly chat: string; readonly dueAtMs: number }

const text = z.string().min(1)
const ms = z.number()
/** Messages and updates are looked at by the engine, one by one, as those of a transport are. */
const dataSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('messages'), messages: z.array(z.unknown()), receivedAtMs: ms }),
  z.object({ type: z.literal('updates'), updates: z.array(z.looseObject({})) }),
  z.object({ type: z.literal('release'), chat: text }),
  z.object({
    type: z.literal('connection'),
    state: z.enum(['connecting', 'connected', 'disconnected', 'needs-login', 'stopped']),
    reason: z.string().optional(),
    atMs: ms,
  }),
  z.object({ type: z.literal('bell'), chat: text, dueAtMs: ms }),
])

/** Makes a job of it. `id` tells jobs of a channel apart in a broker's own tools. */
export function jobOf(
  { tenant, channel }: ChannelKey,
  { id, data, group }: { readonly id: string; readonly data: JobData; readonly group?: string },
): QueueJob {
  return { id: `${tenant}/${channel}/${id}`, tenant, channel, data, ...(group && { group }) }
}

/** Reads a job. Throws `invalid_message` for what no ingest of this version has published. */
export function readJob({ data }: QueueJob): JobData {
  const result = dataSchema.safeParse(data)
  if (result.success) return result.data as JobData
  throw new WaAgentError(
    'invalid_message',
    'A job is none that a worker of this version knows. Update the workers before the ingests, and let nobody else publish here.',
  )
}
