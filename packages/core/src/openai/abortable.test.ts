import { expect, test } from 'vitest'
import { orAborted } from './abortable.ts'

test('gives what the work gives', async () => {
  const { signal } = new AbortController()
  expect(await orAborted(Promise.resolve(1), signal)).toBe(1)
  await expect(orAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
})

test('throws the reason as soon as the signal is aborted', async () => {
  const controller = new AbortController()
  const waiting = orAborted(new Promise(() => undefined), controller.signal)
  controller.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
})

test('leaves no rejection unhandled when the work fails after the abort', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const work = Promise.withResolvers<void>()
  await expect(orAborted(work.promise, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  work.reject(new Error('too late'))
  // Node reports unhandled rejections once the microtasks have run.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})
