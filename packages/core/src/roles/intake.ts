import type { BotParts } from '../bot/bot.ts'
import { track } from '../bot/track.ts'
import type { ChannelKey } from '../conversation.ts'
import { WaAgentError } from '../errors.ts'
import type { JobContext, QueueJob } from '../queue.ts'
import { tellConnection } from './fleet-records.ts'
import { type JobData, readJob } from './job.ts'

/**
 * Takes one job of an ingest in, as the transport of this process would have handed it over: once this resolves it is in the
 * storage. Rejects with `not_found` for a channel that this worker does not serve: perhaps another one does.
 */
export async function takeIn(parts: BotParts, job: QueueJob, { attempt }: JobContext): Promise<void> {
  const { engine, door, scheduler } = parts
  const channel: ChannelKey = { tenant: job.tenant, channel: job.channel }
  const data = readJob(job)
  const transport = engine.transportOf(channel)
  switch (data.type) {
    case 'messages': {
      await transport.heard?.(data.messages)
      await door.receiveFromProvider(channel, data.messages, arrivalOf(data, job, engine.settings.clock.now()))
      return
    }
    case 'updates':
      return trackOrWait(parts, channel, { data, attempt })
    case 'release':
      await engine.storage.control({ ...channel, chat: data.chat }, { handoff: null })
      engine.emit('handoff-released', { conversation: { ...channel, chat: data.chat }, by: 'owner' })
      return
    case 'connection':
      return tellConnection(engine.storage, channel, data)
    case 'bell':
      scheduler.ring({ ...channel, chat: data.chat }, data.dueAtMs)
  }
}

/** Clocks of machines differ: nothing has come later than now. */
function arrivalOf(data: Extract<JobData, { type: 'messages' }>, { trace }: QueueJob, nowMs: number) {
  return { receivedAtMs: Math.min(data.receivedAtMs, nowMs), trace }
}

/** What is about no reply that is known may be about one whose sending another worker is just recording: it comes once more. */
async function trackOrWait(
  { engine }: BotParts,
  channel: ChannelKey,
  { data, attempt }: { readonly data: Extract<JobData, { type: 'updates' }>; readonly attempt: number },
): Promise<void> {
  const unknown = await track(engine, channel, data.updates)
  if (unknown === 0 || attempt > 1) return
  throw new WaAgentError(
    'not_found',
    'What a provider told is about no reply that is known yet. It is looked at once more.',
    {
      retryable: true,
    },
  )
}
