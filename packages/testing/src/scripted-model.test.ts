import { defineTool, type ModelRequest, WaAgentError } from '@wa-agent/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from './scripted-model.ts'

const request: ModelRequest = { purpose: 'respond', instructions: 'Help.', messages: [{ role: 'user', text: 'Hi' }] }
const options = { signal: new AbortController().signal }
const stock = defineTool({
  name: 'stock',
  description: 'How many are left.',
  input: z.object({ product: z.string() }),
  run: ({ product }) => ({ product, left: 3 }),
})

describe('scriptedModel', () => {
  test('answers step by step and writes down what it was asked', async () => {
    using model = scriptedModel([{ text: 'one' }, ({ messages }) => ({ text: `you said ${messages[0]?.text}` })])
    expect(await model.generate(request, options)).toMatchObject({ text: 'one', output: undefined, toolCalls: [] })
    expect(await model.generate(request, options)).toMatchObject({ text: 'you said Hi' })
    expect(model.requests).toEqual([request, request])
  })

  test('gives data of the shape that was asked for', async () => {
    using model = scriptedModel([{ output: { size: 'L' } }, { output: { size: 4 } }])
    const output = z.object({ size: z.string() })
    const answer = await model.generate({ ...request, output }, options)
    expectTypeOf(answer.output).toEqualTypeOf<{ size: string }>()
    expect(answer.output).toEqual({ size: 'L' })
    await expect(model.generate({ ...request, output }, options)).rejects.toMatchObject({ code: 'model_failed' })
  })

  test('calls tools, gives their results to the next step, and adds up what it costs', async () => {
    const usage = { inputTokens: 10, outputTokens: 2, costUsd: 0.5 }
    using model = scriptedModel(
      [
        { toolCalls: [{ name: 'stock', input: { product: 'box' } }] },
        (_, { toolResults }) => ({ text: JSON.stringify(toolResults), usage: { ...usage, costUsd: 1 } }),
      ],
      { usage },
    )
    expect(await model.generate({ ...request, tools: [stock] }, options)).toMatchObject({
      text: '[{"product":"box","left":3}]',
      toolCalls: ['stock'],
      usage: { inputTokens: 20, outputTokens: 4, costUsd: 1.5 },
    })
    expect(model.toolResults).toEqual([{ product: 'box', left: 3 }])
  })

  test('may not call tools for ever', async () => {
    const call = { toolCalls: [{ name: 'stock', input: { product: 'box' } }] }
    using model = scriptedModel([call, call])
    const asked = model.generate({ ...request, tools: [stock], maxToolRounds: 1 }, options)
    await expect(asked).rejects.toMatchObject({ code: 'model_failed' })
  })

  test('fails as the script says, and hangs until it is aborted', async () => {
    const error = new WaAgentError('model_rate_limited', 'Later.', { retryable: true, retryAfterMs: 10 })
    using model = scriptedModel([{ error }, { hangs: true }])
    await expect(model.generate(request, options)).rejects.toBe(error)
    const controller = new AbortController()
    const asked = model.generate(request, { signal: controller.signal })
    controller.abort(new Error('out of time'))
    await expect(asked).rejects.toThrow('out of time')
  })

  test('fails on a call too many, also when that was swallowed', async () => {
    const model = scriptedModel([])
    await expect(model.generate(request, options)).rejects.toThrow('asked for one more (respond)')
    expect(() => model.assertDone()).toThrow('asked for one more')
  })

  test('fails on steps left over', () => {
    const model = scriptedModel([{ text: 'never asked for' }])
    expect(model.left).toBe(1)
    expect(() => model.assertDone()).toThrow('only 0 were played')
    expect(() => {
      using _ = scriptedModel([{ text: 'never asked for' }])
    }).toThrow('only 0 were played')
  })

  test('fails where the script and the request do not fit', async () => {
    const output = z.object({})
    const calls = { toolCalls: [{ name: 'other' }] }
    const model = scriptedModel([{ text: 'words' }, { output: {} }, calls])
    await expect(model.generate({ ...request, output }, options)).rejects.toThrow('answers with text')
    await expect(model.generate(request, options)).rejects.toThrow('answers with data')
    await expect(model.generate(request, options)).rejects.toThrow('calls the tool "other"')
    expect(() => model.assertDone()).toThrow('calls the tool "other"')
  })
})
