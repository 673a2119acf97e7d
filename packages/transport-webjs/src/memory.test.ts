import { expect, test } from 'vitest'
import { memoryOfTree, parsePs, sumOfTree } from './memory.ts'

test('a process is counted with all below it', () => {
  const shares = parsePs('  1 0 100\n 10 1 5\n 12 11 7\n 11 10 6\n 20 1 50\nrubbish\n')
  expect(sumOfTree(10, shares)).toBe((5 + 6 + 7) * 1024)
  expect(sumOfTree(99, shares)).toBeUndefined()
})

test('this process takes some memory, one that is not there tells nothing', async () => {
  if (process.platform === 'win32') return
  expect(await memoryOfTree(process.pid)).toBeGreaterThan(1_000_000)
  expect(await memoryOfTree(2 ** 30)).toBeUndefined()
  expect(await memoryOfTree(process.pid, 'win32')).toBeUndefined()
})
