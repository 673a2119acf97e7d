import { createHash } from 'node:crypto'
import { isQueueJob, type QueueJob, WaAgentError } from '@wa-agent/core'

/** What is published, as REST wants it: `data` is base64. */
export interface PubsubMessage {
  readonly data: string
  readonly attributes: Readonly<Record<string, string>>
  readonly orderingKey?: string
}

/** A publish request holds at most 10 MB, and base64 makes of three bytes four. */
export const mostBytes = 7_000_000
/** Pub/Sub's limit for the value of an attribute. */
const mostAttributeBytes = 1024

/** A job as a message. The tenant and the channel are attributes too, so that subscriptions may filter by them. */
export function messageOf(job: QueueJob): PubsubMessage {
  const data = Buffer.from(jsonOf(job))
  if (data.length > mostBytes) {
    throw new WaAgentError('invalid_options', `A job may have ${mostBytes} bytes as JSON, this one has ${data.length}.`)
  }
  return {
    data: data.toString('base64'),
    attributes: Object.fromEntries(
      Object.entries({ tenant: job.tenant, channel: job.channel }).filter(([, value]) => fits(value)),
    ),
    ...orderingOf(job),
  }
}

/** A hash, since a key has 1 KB at most and is shown by Google's tools, and a group may be a phone number. */
export function orderingOf({ tenant, channel, group }: QueueJob): Pick<PubsubMessage, 'orderingKey'> {
  if (group === undefined) return {}
  const named = JSON.stringify([tenant, channel, group])
  return { orderingKey: createHash('sha256').update(named).digest('base64url') }
}

/** The job that a message carries; `undefined` where somebody else published it. */
export function jobOf(data: Buffer): QueueJob | undefined {
  let job: unknown
  try {
    job = JSON.parse(data.toString('utf8'))
  } catch {
    return undefined
  }
  return isQueueJob(job) ? job : undefined
}

/** As much of a text as an attribute holds. */
export function shortened(text: string): string {
  return fits(text)
    ? text
    : Buffer.from(text)
        .subarray(0, mostAttributeBytes - 3)
        .toString('utf8')
        .replace(/\uFFFD+$/, '')
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= mostAttributeBytes
}

function jsonOf(job: QueueJob): string {
  try {
    return JSON.stringify(job)
  } catch (error) {
    throw notJson(error)
  }
}

function notJson(cause: unknown): WaAgentError {
  return new WaAgentError('invalid_options', 'A job must be JSON; leave out what is not, e.g. bigint and cycles.', {
    cause,
  })
}
