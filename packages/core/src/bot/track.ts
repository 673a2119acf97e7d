import type { ChannelKey } from '../conversation.ts'
import type { TrackResult } from '../storage.ts'
import type { DeliveryStatus, DeliveryUpdate } from '../transport.ts'
import type { Engine } from './engine.ts'

/**
 * Takes in what a provider tells about messages of ours. Resolves once it is durable, with how many are about no reply that this
 * process or the storage knows.
 */
export async function track(engine: Engine, channel: ChannelKey, updates: readonly DeliveryUpdate[]): Promise<number> {
  const told = updates.filter(isUpdate)
  if (told.length < updates.length) {
    engine.settings.logger.error({ ...channel }, 'a transport handed over what is no delivery update')
  }
  if (told.length === 0) return 0
  // Looked at before the storage is: a send may end meanwhile.
  const isSending = engine.sends.any(channel)
  const unknown = await record(engine, channel, told)
  if (!isSending || unknown.length === 0) return unknown.length
  // The provider may be faster than its own answer to our request, which tells us the id.
  engine.early.keep(channel, unknown)
  // That answer may have come while we looked.
  return (await record(engine, channel, unknown)).length
}

/** A message has got its id: what was told about it before is recorded now. */
export async function trackEarly(engine: Engine, channel: ChannelKey, providerId: string): Promise<void> {
  const updates = engine.early.take(channel, providerId)
  if (updates.length > 0) await record(engine, channel, updates)
}

/** Returns what is about no reply that is known. */
async function record(
  engine: Engine,
  channel: ChannelKey,
  updates: readonly DeliveryUpdate[],
): Promise<readonly DeliveryUpdate[]> {
  const results = await engine.storage.track(channel, updates)
  const unknown: DeliveryUpdate[] = []
  results.forEach((result, index) => {
    const update = updates[index]
    if (update && result.status === 'changed') tell(engine, result, update)
    if (update && result.status === 'unknown') unknown.push(update)
  })
  return unknown
}

function tell(
  { emit }: Engine,
  { conversation, replyId, inReplyTo }: Extract<TrackResult, { status: 'changed' }>,
  { providerId, status, atMs, reason = 'the provider gave no reason' }: DeliveryUpdate,
): void {
  const event = { conversation, replyId, inReplyTo, atMs, ...(providerId === undefined ? {} : { providerId }) }
  if (status === 'failed') emit('reply-failed', { ...event, reason })
  else emit(status === 'sent' ? 'reply-accepted' : `reply-${status}`, event)
}

const statuses: ReadonlySet<unknown> = new Set<DeliveryStatus>(['sent', 'delivered', 'read', 'failed'])

/** Transports translate what comes from outside: one that lets something through must not stop the others. */
function isUpdate({ providerId, replyId, status, atMs, reason }: DeliveryUpdate): boolean {
  const isId = [providerId, replyId].some((id) => typeof id === 'string')
  const isRest = [providerId, replyId, reason].every((part) => part === undefined || typeof part === 'string')
  return isId && isRest && statuses.has(status) && Number.isFinite(atMs)
}
