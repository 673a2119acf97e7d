import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { WaAgentError } from './errors.ts'
import { parseRetryAfterMs, retry } from './retry.ts'

/** A clock whose waits are over at once; it remembers how long they were. */
function skippingClock() {
  const delays: number[] = []
  const clock: Clock = {
    now: () => delays.reduce((sum, delay) => sum + delay, 0),
    after(delayMs, callback) {
      delays.push(delayMs)
      queueMicrotask(callback)
      return () => undefined
    },
  }
  return { clock, delays }
}

/** A clock in which nothing ever comes due. */
const stoppedClock: Clock = { now: () => 0, after: () => () => undefined }

const temporary = (retryAfterMs?: number) =>
  new WaAgentError('model_unavailable', 'away', {
    retryable: true,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })

/** Fails with each of the errors in turn, then succeeds. */
function failing(...errors: Error[]) {
  const attempts: number[] = []
  const work = async (attempt: number) => {
    attempts.push(attempt)
    const error = errors.shift()
    if (error) throw error
    return 'done'
  }
  return { work, attempts }
}

const signal = new AbortController().signal
const random = () => 0.5

test('tries again with delays that double', async () => {
  const { clock, delays } = skippingClock()
  const { work, attempts } = failing(temporary(), temporary(), temporary())
  expect(await retry(work, { clock, random, signal, maxRetries: 3, baseMs: 100 })).toBe('done')
  expect(attempts).toEqual([1, 2, 3, 4])
  expect(delays).toEqual([100, 200, 400])
})

test('throws the last error when the retries are used up', async () => {
  const { clock, delays } = skippingClock()
  const last = temporary()
  const { work } = failing(temporary(), last, temporary())
  await expect(retry(work, { clock, random, signal, maxRetries: 1 })).rejects.toBe(last)
  expect(delays).toHaveLength(1)
})

test('does not try again what cannot succeed', async () => {
  const { clock, delays } = skippingClock()
  const refusal = new WaAgentError('model_failed', 'refused')
  await expect(retry(failing(refusal).work, { clock, random, signal, maxRetries: 3 })).rejects.toBe(refusal)
  const foreign = new Error('unknown')
  await expect(retry(failing(foreign).work, { clock, random, signal, maxRetries: 3 })).rejects.toBe(foreign)
  expect(delays).toEqual([])
})

test('asks the given rule whether an error is worth another attempt', async () => {
  const { clock } = skippingClock()
  const { work } = failing(new TypeError('fetch failed'))
  const isRetryable = (error: unknown) => error instanceof TypeError
  expect(await retry(work, { clock, random, signal, maxRetries: 1, isRetryable })).toBe('done')
})

test('waits as long as the error asks for, with jitter on top', async () => {
  const { clock, delays } = skippingClock()
  await retry(failing(temporary(3_000), temporary(0)).work, { clock, random, signal, maxRetries: 2, baseMs: 100 })
  expect(delays).toEqual([3_050, 50])
})

test('leaves a wait that is too long to whoever schedules the next try', async () => {
  const { clock, delays } = skippingClock()
  const error = temporary(60_000)
  const options = { clock, random, signal, maxRetries: 5, maxMs: 59_999 }
  await expect(retry(failing(error).work, options)).rejects.toBe(error)
  expect(delays).toEqual([])
})

test('tells of each wait before it begins', async () => {
  const { clock } = skippingClock()
  const error = temporary()
  const told: unknown[] = []
  const onRetry = (wait: unknown) => told.push(wait)
  await retry(failing(error).work, { clock, random, signal, maxRetries: 1, baseMs: 100, onRetry })
  expect(told).toEqual([{ attempt: 1, delayMs: 100, error }])
})

test('throws the reason of the signal at once when aborted while waiting', async () => {
  const controller = new AbortController()
  const { work, attempts } = failing(temporary(), temporary())
  const onRetry = () => queueMicrotask(() => controller.abort(new Error('stopped')))
  const options = { clock: stoppedClock, random, signal: controller.signal, maxRetries: 3, onRetry }
  await expect(retry(work, options)).rejects.toThrow('stopped')
  expect(attempts).toEqual([1])
})

test('throws the reason of the signal in place of the error that the abort caused', async () => {
  const controller = new AbortController()
  const work = async () => {
    controller.abort(new Error('stopped'))
    throw new Error('socket closed')
  }
  const options = { clock: stoppedClock, random, signal: controller.signal, maxRetries: 3 }
  await expect(retry(work, options)).rejects.toThrow('stopped')
})

test('does not begin when the signal is aborted already', async () => {
  const { work, attempts } = failing()
  const options = { clock: stoppedClock, random, signal: AbortSignal.abort(new Error('stopped')), maxRetries: 3 }
  await expect(retry(work, options)).rejects.toThrow('stopped')
  expect(attempts).toEqual([])
})

test.each([
  [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:30 GMT' }, 20_000],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:01 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{ 'retry-after': '-5' }, undefined],
  [{}, undefined],
])('reads what a server asks for: %j is %j ms', (headers, expected) => {
  expect(parseRetryAfterMs(new Headers(headers), 10_000)).toBe(expected)
})
