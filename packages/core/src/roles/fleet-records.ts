import { type ChannelKey, channelId } from '../conversation.ts'
import type { Storage } from '../storage.ts'
import type { ConnectionState } from '../transport.ts'

/** Where the processes that share a storage leave word for each other. */
export const fleetKey: ChannelKey = { tenant: 'wa-agent', channel: 'fleet' }

/** `worker.0`, `worker.1`, ...: who has which place. */
export const workerPrefix = 'worker.'
/** There while all workers pause; its value is when that began. */
export const pausedRecord = 'paused'
/** Written by whoever looks whether the storage takes anything in; nobody reads it. */
export const probeRecord = 'probe'
/** `tenant/channel`: how a channel is connected, as its provider told an ingest. Apart, since there may be thousands. */
export const connectionsKey: ChannelKey = { tenant: 'wa-agent', channel: 'connections' }

/** What a provider told about the connection of a channel. */
export interface ToldConnection {
  readonly state: ConnectionState
  readonly reason?: string
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** Tells all workers. Resolves once it is durable. */
export async function tellConnection(
  { records }: Pick<Storage, 'records'>,
  channel: ChannelKey,
  told: ToldConnection,
): Promise<void> {
  await records.set(connectionsKey, channelId(channel), JSON.stringify(told))
}

/** Which process has a place among the workers, and when it last said so. */
export interface Place {
  readonly id: string
  readonly seenMs: number
}

/** Reads what a process has written; `undefined` where it cannot be read. */
export function readPlace(json: string | undefined): Place | undefined {
  const value = parsed(json) as Partial<Place> | undefined
  return typeof value?.id === 'string' && typeof value.seenMs === 'number'
    ? { id: value.id, seenMs: value.seenMs }
    : undefined
}

/** Reads what was told of a connection; `undefined` where it cannot be read. */
export function readConnection(json: string): ToldConnection | undefined {
  const value = parsed(json) as Partial<ToldConnection> | undefined
  return typeof value?.state === 'string' && typeof value.atMs === 'number' ? (value as ToldConnection) : undefined
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}
