// #region conformance
import { storageConformance } from '@wa-agent/testing'
import { describe, test } from 'vitest'
import { myStorage } from './my-storage.ts'

describe('myStorage', () => {
  for (const { name, run } of storageConformance) test(name, () => run(async () => myStorage()))
})
// #endregion
