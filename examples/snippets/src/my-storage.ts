import { memoryStorage, type Storage } from '@wa-agent/core'

/** Stands for a storage of your own. */
export const myStorage = (): Storage => memoryStorage()
