import { memoryStorage } from '@wa-agent/core'
import { describe, test } from 'vitest'
import { storageConformance } from './storage.ts'

describe('memoryStorage keeps every promise of the port', () => {
  for (const { name, run } of storageConformance) test(name, () => run(async () => memoryStorage()))
})
