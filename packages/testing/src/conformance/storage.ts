import type { Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import { durableCases, type StorageOpener } from './storage-durable.ts'
import { inboxCases } from './storage-inbox.ts'
import { joiningCases } from './storage-joining.ts'
import { leaseCases } from './storage-leases.ts'
import { outboxCases } from './storage-outbox.ts'
import { upkeepCases } from './storage-upkeep.ts'

export type { StorageOpener }

/** A case for every promise of the `Storage` port. The subject is a storage that is empty and not open yet. */
export const storageConformance: readonly ConformanceCase<Storage>[] = [
  ...inboxCases,
  ...outboxCases,
  ...leaseCases,
  ...joiningCases,
  ...upkeepCases,
]

/** What a storage must keep that outlives its process. The subject makes storages on the same, at first empty, data. */
export const durableStorageConformance: readonly ConformanceCase<StorageOpener>[] = durableCases
