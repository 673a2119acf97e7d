import { expect, test } from 'vitest'
import type { Model } from './model.ts'
import { createTracer } from './tracer.ts'

const model = { name: 'scripted' } as Model
const usage = { inputTokens: 1, outputTokens: 2, costUsd: 0.1 }
const decisions = {
  classification: { confidence: 0, decidedBy: 'none', entities: {}, reason: 'x' },
  route: { by: 'fallback', reason: 'x' },
} as const

test('a trace says how long each step and each call of a model took', async () => {
  let nowMs = 100
  const tracer = createTracer(() => nowMs)
  nowMs += 1
  expect(
    await tracer.timed('classify', async () => {
      nowMs += 5
      tracer.used(model, 'classify', usage)
      nowMs += 2
      tracer.used(model, 'classify', usage)
      return 'x'
    }),
  ).toBe('x')
  await tracer.timed('route', () => {
    nowMs += 3
  })
  const { durationMs, modelCalls, warnings } = tracer.finish(decisions)
  expect(durationMs).toEqual({ classify: 7, route: 3, respond: 0, total: 11 })
  expect(modelCalls.map((call) => call.durationMs)).toEqual([5, 2])
  expect(warnings).toEqual([])
})

test('a step that fails is timed, too', async () => {
  let nowMs = 0
  const tracer = createTracer(() => nowMs)
  const failing = tracer.timed('respond', () => {
    nowMs += 4
    throw new Error('boom')
  })
  await expect(failing).rejects.toThrow('boom')
  expect(tracer.finish(decisions).durationMs.respond).toBe(4)
})
