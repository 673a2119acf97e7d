import type { QueueJob } from '@wa-agent/core'

/** Whether `data`, which anybody with this Redis may have written, is a job. */
export function isJob(data: unknown): data is QueueJob {
  if (!isRecord(data)) return false
  const { id, tenant, channel, group = '', trace = {} } = data
  const words = [id, tenant, channel, group, ...(isRecord(trace) ? Object.values(trace) : [trace])]
  return words.every((word) => typeof word === 'string')
}

/** What somebody else put into the queue is shown as it came. */
export function foreignJob(id: string, data: unknown): QueueJob {
  const { tenant, channel } = isRecord(data) ? data : {}
  return {
    id,
    tenant: typeof tenant === 'string' ? tenant : '',
    channel: typeof channel === 'string' ? channel : '',
    data,
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
