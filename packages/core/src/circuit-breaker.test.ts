import { expect, test } from 'vitest'
import { type CircuitState, circuitBreaker } from './circuit-breaker.ts'
import type { Clock } from './clock.ts'

const down = new Error('down')
const refusedRequest = new Error('refused request')

function setUp(options: { readonly maxFailures?: number } = {}) {
  let now = 0
  const changes: CircuitState[] = []
  const clock: Clock = { now: () => now, after: () => () => undefined }
  const breaker = circuitBreaker({
    clock,
    maxFailures: 2,
    coolDownMs: 1_000,
    refuse: (retryAfterMs) => new Error(`open for ${retryAfterMs}`),
    isFailure: (error) => error === down,
    onChange: (state) => changes.push(state),
    ...options,
  })
  const fail = (error: Error) => breaker.run(() => Promise.reject(error)).catch((thrown: unknown) => thrown)
  const succeed = () => breaker.run(() => Promise.resolve('done'))
  const advance = (ms: number) => {
    now += ms
  }
  return { breaker, changes, fail, succeed, advance }
}

/** Work whose end the test decides. */
function pending() {
  return Promise.withResolvers<string>()
}

test('lets calls through while they succeed, and throws their own errors', async () => {
  const { breaker, fail, succeed } = setUp()
  expect(await succeed()).toBe('done')
  expect(await fail(down)).toBe(down)
  expect(breaker.state).toBe('closed')
})

test('opens after failures in a row and refuses without calling', async () => {
  const { breaker, fail, advance } = setUp()
  await fail(down)
  await fail(down)
  expect(breaker.state).toBe('open')
  advance(400)
  let called = false
  const work = async () => {
    called = true
  }
  await expect(breaker.run(work)).rejects.toThrow('open for 600')
  expect(called).toBe(false)
})

test('starts counting anew after a success', async () => {
  const { breaker, fail, succeed } = setUp()
  await fail(down)
  await succeed()
  await fail(down)
  expect(breaker.state).toBe('closed')
})

test('takes no notice of errors that say nothing about the service', async () => {
  const { breaker, fail } = setUp()
  await fail(refusedRequest)
  await fail(refusedRequest)
  await fail(refusedRequest)
  expect(breaker.state).toBe('closed')
  await fail(down)
  await fail(refusedRequest)
  await fail(down)
  expect(breaker.state).toBe('open')
})

test('closes when the call after the cool-down succeeds', async () => {
  const { breaker, changes, fail, succeed, advance } = setUp()
  await fail(down)
  await fail(down)
  advance(1_000)
  expect(breaker.state).toBe('half-open')
  await succeed()
  expect(breaker.state).toBe('closed')
  expect(changes).toEqual(['open', 'half-open', 'closed'])
})

test('opens again at once when the call after the cool-down fails', async () => {
  const { breaker, fail, advance } = setUp()
  await fail(down)
  await fail(down)
  advance(1_000)
  await fail(down)
  expect(breaker.state).toBe('open')
  await expect(breaker.run(() => Promise.resolve())).rejects.toThrow('open for 1000')
})

test('lets one call at a time through after the cool-down', async () => {
  const { breaker, fail, succeed, advance } = setUp()
  await fail(down)
  await fail(down)
  advance(1_000)
  const probe = pending()
  const first = breaker.run(() => probe.promise)
  await expect(succeed()).rejects.toThrow('open for')
  probe.resolve('back')
  expect(await first).toBe('back')
  expect(await succeed()).toBe('done')
})

test('lets the next call through when the one after the cool-down says nothing about the service', async () => {
  const { breaker, fail, succeed, advance } = setUp()
  await fail(down)
  await fail(down)
  advance(1_000)
  await fail(refusedRequest)
  expect(breaker.state).toBe('half-open')
  expect(await succeed()).toBe('done')
  expect(breaker.state).toBe('closed')
})

test('does not let the late result of an old call change an open circuit', async () => {
  const { breaker, fail, advance } = setUp()
  const late = [pending(), pending()]
  const calls = late.map(({ promise }) => breaker.run(() => promise))
  await fail(down)
  await fail(down)
  advance(400)
  late[0]?.resolve('late')
  late[1]?.reject(down)
  expect(await Promise.allSettled(calls)).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }])
  await expect(breaker.run(() => Promise.resolve())).rejects.toThrow('open for 600')
})

test('never opens when it is switched off', async () => {
  const { breaker, fail } = setUp({ maxFailures: Number.POSITIVE_INFINITY })
  for (let call = 0; call < 50; call += 1) await fail(down)
  expect(breaker.state).toBe('closed')
})
