import type { Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import { answerCases } from './storage-answers.ts'
import { channelCases } from './storage-channels.ts'
import { durableCases, type StorageOpener } from './storage-durable.ts'
import { inboxCases } from './storage-inbox.ts'
import { joiningCases } from './storage-joining.ts'
import { lastInboundCases } from './storage-last-inbound.ts'
import { leaseCases } from './storage-leases.ts'
import { outboxCases } from './storage-outbox.ts'
import { recordCases } from './storage-records.ts'
import { durableTraceCases, traceCases } from './storage-trace.ts'
import { trackingCases } from './storage-tracking.ts'
import { upkeepCases } from './storage-upkeep.ts'

export type { StorageOpener }

/** A case for every promise of the `Storage` port. The subject is a storage that is empty and not open yet. */
export const storageConformance: readonly ConformanceCase<Storage>[] = [
  ...inboxCases,
  ...channelCases,
  ...outboxCases,
  ...trackingCases,
  ...leaseCases,
  ...joiningCases,
  ...lastInboundCases,
  ...recordCases,
  ...traceCases,
  ...answerCases,
  ...upkeepCases,
]

/** What a storage must keep that outlives its process. The subject makes storages on the same, at first empty, data. */
export const durableStorageConformance: readonly ConformanceCase<StorageOpener>[] = [
  ...durableCases,
  ...durableTraceCases,
]
