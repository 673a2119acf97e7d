import { inspect } from 'node:util'
import { HttpResponse, http, type JsonBodyType } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'
import { defineTool, type ModelRequest, type ModelUsage } from '../model.ts'
import type { ChatRequest } from './chat-api.ts'
import { openaiModel } from './index.ts'
import type { OpenaiModelOptions } from './options.ts'

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => {
  server.resetHandlers()
  expect(unasked.splice(0), 'answers that nobody asked for').toEqual([])
  expect(surplus.splice(0), 'questions without an answer').toEqual([])
})
afterAll(() => server.close())

const timeoutMs = 30_000
const key = 'sk-test-0123456789'

/** Waits are over at once, except for the time limit of an attempt: that one comes due when the test says so. */
class FakeClock implements Clock {
  readonly waits: number[] = []
  readonly #limits = new Set<() => void>()
  #now = 0

  now = () => this.#now

  advance(delayMs: number): void {
    this.#now += delayMs
  }

  after(delayMs: number, callback: () => void): () => void {
    if (delayMs === timeoutMs) {
      this.#limits.add(callback)
      return () => this.#limits.delete(callback)
    }
    this.waits.push(delayMs)
    this.#now += delayMs
    queueMicrotask(callback)
    return () => undefined
  }

  get openLimits(): number {
    return this.#limits.size
  }

  timeOut(): void {
    for (const callback of this.#limits) callback()
  }
}

type Answer = { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: JsonBodyType }
type Respond = (sent: ChatRequest, index: number) => Answer | Response | Promise<Answer | Response>

/** The rest of the script of the test that runs. */
const unasked: (Answer | Respond)[] = []
const surplus: ChatRequest[] = []

/** Answers with each in turn; a call too many is an error of the test, and so is one too few. */
function script(...answers: readonly (Answer | Respond)[]) {
  const calls: ChatRequest[] = []
  const requests: Request[] = []
  unasked.push(...answers)
  server.use(
    http.post('https://api.openai.com/v1/chat/completions', async ({ request }) => {
      const sent = (await request.clone().json()) as ChatRequest
      requests.push(request)
      calls.push(sent)
      const next = unasked.shift()
      if (!next) {
        surplus.push(sent)
        return HttpResponse.json({}, { status: 418 })
      }
      const answer = typeof next === 'function' ? await next(sent, calls.length - 1) : next
      if (answer instanceof Response) return answer
      return HttpResponse.json(answer.body ?? {}, { status: answer.status ?? 200, headers: answer.headers ?? {} })
    }),
  )
  return { calls, requests }
}

const usage = { prompt_tokens: 100, completion_tokens: 10 }

function says(
  content: string | null,
  rest: { readonly finish_reason?: string; readonly message?: object } = {},
): Answer {
  const { finish_reason = 'stop', message } = rest
  return { body: { choices: [{ finish_reason, message: { role: 'assistant', content, ...message } }], usage } }
}

function calls(...tools: readonly (readonly [name: string, args: unknown])[]): Answer {
  const tool_calls = tools.map(([name, args], index) => ({
    id: `${name}-${index}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }))
  return says(null, { finish_reason: 'tool_calls', message: { tool_calls } })
}

function fails(status: number, error: object = {}, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: { error: { message: 'no', ...error } } }
}

function setUp(options: OpenaiModelOptions = {}) {
  const clock = new FakeClock()
  const lines: unknown[] = []
  const log = (fields: object, line: string) => void lines.push({ line, ...fields })
  const logger = { debug: () => undefined, info: log, warn: log, error: log }
  const model = openaiModel({ apiKey: key, clock, random: () => 0.5, logger, timeoutMs, ...options })
  const controller = new AbortController()
  const spent: ModelUsage[] = []
  const generateOptions = { signal: controller.signal, onUsage: (used: ModelUsage) => void spent.push(used) }
  return { clock, lines, model, controller, spent, generateOptions }
}

const question = {
  purpose: 'respond',
  instructions: 'Answer briefly.',
  messages: [{ role: 'user', text: 'Where is my order?' }],
} as const satisfies ModelRequest

const failure = (promise: Promise<unknown>): Promise<WaAgentError> =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error as WaAgentError,
  )

// Text

test('asks with the instructions and the conversation, and gives text, usage and cost', async () => {
  const { calls: sent, requests } = script(says('On its way.'))
  const { model, generateOptions, spent } = setUp({ prices: { inputPerMillionUsd: 1, outputPerMillionUsd: 10 } })
  const response = await model.generate(
    {
      ...question,
      messages: [{ role: 'user', text: 'Hi' }, { role: 'assistant', text: 'Hello' }, ...question.messages],
    },
    generateOptions,
  )
  expect(response).toEqual({
    text: 'On its way.',
    output: undefined,
    usage: { inputTokens: 100, outputTokens: 10, costUsd: 0.0002 },
    toolCalls: [],
  })
  expect(spent).toEqual([response.usage])
  expect(sent).toEqual([
    {
      model: 'gpt-6-luna',
      reasoning_effort: 'none',
      messages: [
        { role: 'system', content: 'Answer briefly.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'Where is my order?' },
      ],
    },
  ])
  expect(requests[0]?.headers.get('authorization')).toBe(`Bearer ${key}`)
})

test('sends the settings of the model', async () => {
  const { calls: sent } = script(says('Yes.'))
  const options = { model: 'other', temperature: 0.2, maxOutputTokens: 300, reasoningEffort: 'low' } as const
  const { model, generateOptions } = setUp(options)
  await model.generate(question, generateOptions)
  expect(model.name).toBe('other')
  expect(sent[0]).toMatchObject({
    model: 'other',
    temperature: 0.2,
    max_completion_tokens: 300,
    reasoning_effort: 'low',
  })
})

test('keeps thoughts out of the text', async () => {
  script(says('<think>The customer is angry.</think>On its way.', { message: { reasoning_content: 'hm' } }))
  const { model, generateOptions } = setUp()
  expect((await model.generate(question, generateOptions)).text).toBe('On its way.')
})

test('counts an answer without usage as 0 tokens', async () => {
  script({ body: { choices: [{ message: { content: 'Yes.' } }] } })
  const { model, generateOptions, spent } = setUp()
  const nothing = { inputTokens: 0, outputTokens: 0, costUsd: 0 }
  expect((await model.generate(question, generateOptions)).usage).toEqual(nothing)
  expect(spent).toEqual([nothing])
})

test('gives a text that was cut, and says so in the log', async () => {
  script(says('On its', { finish_reason: 'length' }))
  const { model, generateOptions, lines } = setUp()
  expect((await model.generate(question, generateOptions)).text).toBe('On its')
  expect(lines).toEqual([{ line: 'model answer was cut at its longest', model: 'gpt-6-luna' }])
})

test.each([
  ['a refusal', says(null, { message: { refusal: 'I cannot.' } }), 'refused'],
  ['a filtered answer', says('', { finish_reason: 'content_filter' }), 'content filter'],
  ['an empty answer', says(''), 'empty'],
  ['thoughts only', says('<think>hm', { finish_reason: 'length' }), '`maxOutputTokens`'],
])('fails on %s, and tells what it cost', async (_, answer, words) => {
  script(answer)
  const { model, generateOptions, spent } = setUp()
  const error = await failure(model.generate(question, generateOptions))
  expect(error).toMatchObject({ name: 'WaAgentError', code: 'model_failed', retryable: false })
  expect(error.message).toContain(words)
  expect(spent).toMatchObject([{ inputTokens: 100, outputTokens: 10 }])
})

// Structured output

const Order = z.object({ item: z.string(), boxes: z.int().min(1), note: z.string().optional() })

test('asks for data by a strict schema and gives it checked', async () => {
  const { calls: sent } = script(says('{"item":"tea","boxes":2,"note":null}'))
  const { model, generateOptions } = setUp()
  const response = await model.generate({ ...question, output: Order }, generateOptions)
  expectTypeOf(response.output).toEqualTypeOf<z.output<typeof Order>>()
  expect(response.output).toEqual({ item: 'tea', boxes: 2 })
  expect(sent[0]?.response_format).toEqual({
    type: 'json_schema',
    json_schema: {
      name: 'answer',
      strict: true,
      schema: {
        type: 'object',
        properties: {
          item: { type: 'string' },
          boxes: { type: 'integer', description: 'minimum: 1' },
          note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        },
        required: ['item', 'boxes', 'note'],
        additionalProperties: false,
      },
    },
  })
  expect(sent[0]?.messages[0]?.content).toBe('Answer briefly.')
})

test('asks without strictness for shapes that strict mode cannot say', async () => {
  const { calls: sent } = script(says('{"counts":{"tea":2}}'))
  const { model, generateOptions } = setUp()
  const output = z.object({ counts: z.record(z.string(), z.number()) })
  expect((await model.generate({ ...question, output }, generateOptions)).output).toEqual({ counts: { tea: 2 } })
  expect(sent[0]?.response_format).toMatchObject({ json_schema: { strict: false } })
})

test('wraps data that is not an object', async () => {
  const { calls: sent } = script(says('{"value":["a","b"]}'), says('["c"]'))
  const { model, generateOptions } = setUp()
  const request = { ...question, output: z.array(z.string()) }
  expect((await model.generate(request, generateOptions)).output).toEqual(['a', 'b'])
  expect((await model.generate(request, generateOptions)).output).toEqual(['c'])
  expect(sent[0]?.response_format).toMatchObject({
    json_schema: { schema: { properties: { value: { type: 'array' } } } },
  })
})

test('reads data from between Markdown fences', async () => {
  script(says('```json\n{"item":"tea","boxes":2}\n```'))
  const { model, generateOptions } = setUp()
  const response = await model.generate({ ...question, output: Order }, generateOptions)
  expect(response.output).toEqual({ item: 'tea', boxes: 2 })
})

test('has invalid data repaired once, and counts both calls', async () => {
  const { calls: sent } = script(says('{"item":"tea","boxes":0}'), says('{"item":"tea","boxes":1}'))
  const { model, generateOptions, spent } = setUp()
  const response = await model.generate({ ...question, output: Order }, generateOptions)
  expect(response.output).toEqual({ item: 'tea', boxes: 1 })
  expect(response.usage).toMatchObject({ inputTokens: 200, outputTokens: 20 })
  expect(spent).toHaveLength(2)
  const [, , answer, correction] = sent[1]?.messages ?? []
  expect(answer).toEqual({ role: 'assistant', content: '{"item":"tea","boxes":0}' })
  expect(correction).toMatchObject({ role: 'user', content: expect.stringContaining('boxes') })
})

test('fails when the repair does not fit either, naming the place but not the value', async () => {
  script(says('What is 4111-1111?'), says('{"item":"4111-1111","boxes":"4111-1111"}'))
  const { model, generateOptions, spent, lines } = setUp()
  const error = await failure(model.generate({ ...question, output: Order }, generateOptions))
  expect(error).toMatchObject({ code: 'model_failed', retryable: false })
  expect(error.message).toContain('boxes: invalid_type')
  expect(spent).toHaveLength(2)
  expect(inspect([error, lines], { depth: 9 })).not.toContain('4111')
})

test('does not show the keys of a record, which may be what a customer wrote', async () => {
  const data = says('{"counts":{"+34 600":"x"}}')
  script(data, data)
  const { model, generateOptions } = setUp()
  const output = z.object({ counts: z.record(z.string(), z.number()) })
  const error = await failure(model.generate({ ...question, output }, generateOptions))
  expect(error.message).toContain('counts.?: invalid_type')
})

test('says that data was cut off, without asking for a repair', async () => {
  script(says('{"item":"te', { finish_reason: 'length' }))
  const { model, generateOptions } = setUp()
  const error = await failure(model.generate({ ...question, output: Order }, generateOptions))
  expect(error).toMatchObject({ code: 'model_failed', message: expect.stringContaining('`maxOutputTokens`') })
})

test('refuses a shape that is not JSON before it asks', async () => {
  const { calls: sent } = script()
  const { model, generateOptions } = setUp()
  const error = await failure(model.generate({ ...question, output: z.object({ at: z.date() }) }, generateOptions))
  expect(error).toMatchObject({ code: 'invalid_options', message: expect.stringContaining('z.iso.datetime()') })
  expect(sent).toEqual([])
})

// What servers refuse

const refusesSchema = fails(400, { message: 'This response_format type is unavailable now' })

test('asks for plain JSON where the server knows no schemas, and remembers it', async () => {
  const data = says('{"item":"tea","boxes":2}')
  const { calls: sent } = script(refusesSchema, data, data)
  const { model, generateOptions, lines } = setUp()
  const request = { ...question, output: Order }
  expect((await model.generate(request, generateOptions)).output).toEqual({ item: 'tea', boxes: 2 })
  await model.generate(request, generateOptions)
  const formats = sent.map((call) => call.response_format?.type)
  expect(formats).toEqual(['json_schema', 'json_object', 'json_object'])
  expect(sent[2]?.messages[0]?.content).toContain('"boxes":{"type":"integer","minimum":1')
  expect(lines).toMatchObject([{ refused: 'json_schema' }])
})

test('asks for JSON in words only where the server knows no JSON mode at all', async () => {
  const { calls: sent } = script(refusesSchema, refusesSchema, says('Sure: {"item":"tea","boxes":2}'))
  const { model, generateOptions } = setUp()
  const response = await model.generate({ ...question, output: Order }, generateOptions)
  expect(response.output).toEqual({ item: 'tea', boxes: 2 })
  expect(sent[2]).not.toHaveProperty('response_format')
  expect(sent[2]?.messages[0]?.content).toContain('JSON Schema')
})

test('leaves schemas out for the one schema that the server does not understand', async () => {
  const invalid = fails(400, { message: "Invalid schema for response_format 'answer'", param: 'response_format' })
  const { calls: sent } = script(invalid, says('{"item":"tea","boxes":2}'), says('{"yes":true}'))
  const { model, generateOptions } = setUp()
  await model.generate({ ...question, output: Order }, generateOptions)
  await model.generate({ ...question, output: z.object({ yes: z.boolean() }) }, generateOptions)
  expect(sent.map((call) => call.response_format?.type)).toEqual(['json_schema', 'json_object', 'json_schema'])
})

test('learns the refusals of requests that were under way together', async () => {
  const refuse: Respond = (sent) =>
    sent.response_format?.type === 'json_schema' ? refusesSchema : says('{"item":"tea","boxes":2}')
  script(refuse, refuse, refuse, refuse)
  const { model, generateOptions } = setUp()
  const request = { ...question, output: Order }
  const both = await Promise.all([model.generate(request, generateOptions), model.generate(request, generateOptions)])
  expect(both.map((response) => response.output.boxes)).toEqual([2, 2])
})

test('goes without parameters that the model does not take', async () => {
  const { calls: sent } = script(
    fails(400, { message: "Unsupported value: 'temperature'", param: 'temperature' }),
    fails(400, { message: "Unsupported parameter: 'max_completion_tokens'", param: null }),
    fails(422, { message: 'Extra inputs are not permitted: reasoning_effort' }),
    says('Yes.'),
  )
  const { model, generateOptions } = setUp({ temperature: 0, maxOutputTokens: 50, reasoningEffort: 'low' })
  await model.generate(question, generateOptions)
  const { messages: _, ...rest } = sent[3] as ChatRequest
  expect(rest).toEqual({ model: 'gpt-6-luna', max_tokens: 50 })
})

// Tools

const findOrder = defineTool({
  name: 'find_order',
  description: 'Finds an order',
  input: z.object({ id: z.string(), detail: z.boolean().optional() }),
  run: ({ id }) => ({ id, state: 'sent' }),
})

const toolResults = (call: ChatRequest | undefined) =>
  (call?.messages ?? []).filter((message) => message.role === 'tool').map(({ content }) => JSON.parse(content))

test('runs the tools that the model calls and tells it their results', async () => {
  const { calls: sent } = script(calls(['find_order', { id: 'A1', detail: null }]), says('It was sent.'))
  const { model, generateOptions } = setUp()
  const response = await model.generate({ ...question, tools: [findOrder] }, generateOptions)
  expect(response).toMatchObject({ text: 'It was sent.', toolCalls: ['find_order'], usage: { inputTokens: 200 } })
  expect(sent[0]?.tool_choice).toBe('auto')
  expect(sent[0]?.tools).toEqual([
    {
      type: 'function',
      function: {
        name: 'find_order',
        description: 'Finds an order',
        parameters: {
          type: 'object',
          properties: { id: { type: 'string' }, detail: { type: 'boolean' } },
          required: ['id'],
        },
      },
    },
  ])
  expect(sent[1]?.messages.slice(2)).toEqual([
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'find_order-0',
          type: 'function',
          function: { name: 'find_order', arguments: '{"id":"A1","detail":null}' },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'find_order-0', content: '{"id":"A1","state":"sent"}' },
  ])
})

test('runs calls at the same time and tells their results in order', async () => {
  const gates = { a: Promise.withResolvers<string>(), b: Promise.withResolvers<string>() }
  const tool = defineTool({
    name: 'wait',
    description: 'Waits',
    input: z.object({ gate: z.enum(['a', 'b']) }),
    run({ gate }) {
      // Each opens the other's gate, so neither could end if one waited for the other.
      gates[gate === 'a' ? 'b' : 'a'].resolve(`opened by ${gate}`)
      return gates[gate].promise
    },
  })
  const { calls: sent } = script(calls(['wait', { gate: 'a' }], ['wait', { gate: 'b' }]), says('Done.'))
  const { model, generateOptions } = setUp()
  await model.generate({ ...question, tools: [tool] }, generateOptions)
  expect(toolResults(sent[1])).toEqual(['opened by b', 'opened by a'])
})

test('tells the model what is wrong with its calls', async () => {
  const { calls: sent } = script(
    calls(['find_order', { id: 7 }], ['find_order', 'not JSON'], ['lose_order', {}]),
    says('Sorry.'),
  )
  const { model, generateOptions } = setUp()
  const response = await model.generate({ ...question, tools: [findOrder] }, generateOptions)
  expect(response.toolCalls).toEqual([])
  expect(toolResults(sent[1])).toEqual([
    { error: expect.stringMatching(/not valid.*expected string/s) },
    { error: expect.stringContaining('not valid JSON') },
    { error: 'There is no tool of this name.' },
  ])
})

test('hides from the model why a tool failed, and logs the name only', async () => {
  const broken = defineTool({
    name: 'broken',
    description: 'Breaks',
    input: z.object({ how: z.enum(['throws', 'circular']) }),
    run({ how }) {
      if (how === 'throws') throw new TypeError('password is hunter2')
      const circular: Record<string, unknown> = {}
      circular['self'] = circular
      return circular
    },
  })
  const { calls: sent } = script(calls(['broken', { how: 'throws' }], ['broken', { how: 'circular' }]), says('Sorry.'))
  const { model, generateOptions, lines } = setUp()
  const response = await model.generate({ ...question, tools: [broken] }, generateOptions)
  expect(response.toolCalls).toEqual(['broken', 'broken'])
  const told = { error: 'The tool failed. Go on without its result.' }
  expect(toolResults(sent[1])).toEqual([told, told])
  expect(lines).toEqual([
    { line: 'tool failed', tool: 'broken', error: 'TypeError' },
    { line: 'tool failed', tool: 'broken', error: 'TypeError' },
  ])
})

test('tells the model null where a tool gives nothing', async () => {
  const silent = defineTool({ name: 'silent', description: 'Does', input: z.object({}), run: () => undefined })
  const { calls: sent } = script(calls(['silent', '']), says('Done.'))
  const { model, generateOptions } = setUp()
  await model.generate({ ...question, tools: [silent] }, generateOptions)
  expect(toolResults(sent[1])).toEqual([null])
})

test('stops calling tools after the given number of rounds', async () => {
  const call = calls(['find_order', { id: 'A1' }])
  const { calls: sent } = script(call, call, says('I give up.'))
  const { model, generateOptions } = setUp()
  const response = await model.generate({ ...question, tools: [findOrder], maxToolRounds: 2 }, generateOptions)
  expect(response).toMatchObject({ text: 'I give up.', toolCalls: ['find_order', 'find_order'] })
  expect(sent.map((each) => each.tool_choice)).toEqual(['auto', 'auto', 'none'])
})

test('allows five rounds of tools by default', async () => {
  const call = calls(['find_order', { id: 'A1' }])
  const { calls: sent } = script(call, call, call, call, call, call)
  const { model, generateOptions } = setUp()
  const error = await failure(model.generate({ ...question, tools: [findOrder] }, generateOptions))
  expect(error).toMatchObject({ code: 'model_failed', message: expect.stringContaining('`maxToolRounds`') })
  expect(sent.map((each) => each.tool_choice)).toEqual(['auto', 'auto', 'auto', 'auto', 'auto', 'none'])
})

test('gives data after tools, and repairs it without them', async () => {
  const { calls: sent } = script(
    calls(['find_order', { id: 'A1' }]),
    says('{"item":"tea"}'),
    says('{"item":"tea","boxes":3}'),
  )
  const { model, generateOptions } = setUp()
  const request = { ...question, tools: [findOrder], output: Order }
  const response = await model.generate(request, generateOptions)
  expect(response).toMatchObject({ output: { item: 'tea', boxes: 3 }, toolCalls: ['find_order'] })
  expect(sent.map((each) => each.tool_choice)).toEqual(['auto', 'auto', 'none'])
  expect(sent[2]?.messages.map((message) => message.role)).toEqual([
    'system',
    'user',
    'assistant',
    'tool',
    'assistant',
    'user',
  ])
})

test('asks without reasoning for tools where the model has it so, and remembers it', async () => {
  const refusal = fails(400, {
    message: "Function tools with reasoning_effort are not supported. Set reasoning_effort to 'none'.",
    param: 'reasoning_effort',
  })
  const { calls: sent } = script(refusal, says('Yes.'), says('Yes.'), says('Yes.'))
  const { model, generateOptions } = setUp({ model: 'gpt-5.6-terra' })
  await model.generate({ ...question, tools: [findOrder] }, generateOptions)
  await model.generate({ ...question, tools: [findOrder] }, generateOptions)
  await model.generate(question, generateOptions)
  expect(sent.map((each) => each.reasoning_effort)).toEqual([undefined, 'none', 'none', undefined])
})

test('asks by a schema again where the server refuses it together with tools only', async () => {
  const refusal = fails(400, { message: 'json mode cannot be combined with tool/function calling' })
  const { calls: sent } = script(refusal, refusal, says('{"item":"tea","boxes":2}'), says('{"item":"tea","boxes":2}'))
  const { model, generateOptions } = setUp()
  await model.generate({ ...question, tools: [findOrder], output: Order }, generateOptions)
  await model.generate({ ...question, output: Order }, generateOptions)
  const formats = sent.map((call) => call.response_format?.type)
  expect(formats).toEqual(['json_schema', 'json_object', undefined, 'json_schema'])
})

test('gives up on a model that takes tools in no way', async () => {
  const refusal = fails(400, { param: 'reasoning_effort' })
  script(refusal, refusal, refusal)
  const { model, generateOptions } = setUp({ model: 'gpt-6.1-sol' })
  const error = await failure(model.generate({ ...question, tools: [findOrder] }, generateOptions))
  expect(error).toMatchObject({ code: 'model_failed', retryable: false })
})

test('refuses a tool whose input is not an object', async () => {
  const tool = defineTool({ name: 'shout', description: 'Shouts', input: z.string(), run: () => 'OK' })
  const { model, generateOptions } = setUp()
  const error = await failure(model.generate({ ...question, tools: [tool] }, generateOptions))
  expect(error).toMatchObject({ code: 'invalid_options', message: expect.stringContaining('"shout"') })
})

// Retries

test.each([408, 409, 429, 500, 502, 503, 529])('tries again after a %i', async (status) => {
  script(fails(status), fails(status), says('Yes.'))
  const { model, generateOptions, clock, lines } = setUp()
  expect((await model.generate(question, generateOptions)).text).toBe('Yes.')
  expect(clock.waits).toEqual([500, 1_000])
  expect(lines).toHaveLength(2)
})

test('tries again after a broken connection and an answer that is no completion', async () => {
  script(
    () => HttpResponse.error(),
    () => HttpResponse.html('<h1>Bad gateway</h1>'),
    says('Yes.'),
  )
  const { model, generateOptions, clock } = setUp()
  expect((await model.generate(question, generateOptions)).text).toBe('Yes.')
  expect(clock.waits).toHaveLength(2)
})

test('waits as long as the server asks for', async () => {
  script(
    fails(429, {}, { 'retry-after': '3' }),
    fails(503, {}, { 'retry-after-ms': '1200', 'retry-after': '99' }),
    says('Yes.'),
  )
  const { model, generateOptions, clock } = setUp()
  await model.generate(question, generateOptions)
  expect(clock.waits).toEqual([3_250, 1_450])
})

test('leaves a long wait to the caller', async () => {
  script(fails(429, {}, { 'retry-after': '60' }))
  const { model, generateOptions, clock } = setUp()
  const error = await failure(model.generate(question, generateOptions))
  expect(error).toMatchObject({ code: 'model_rate_limited', retryable: true, retryAfterMs: 60_000 })
  expect(clock.waits).toEqual([])
})

test.each([
  [408, 'model_timeout'],
  [409, 'model_unavailable'],
  [429, 'model_rate_limited'],
  [500, 'model_unavailable'],
  [503, 'model_unavailable'],
])('gives up on a %i after its retries, and says that a later try may help', async (status, code) => {
  script(fails(status), fails(status))
  const { model, generateOptions } = setUp({ maxRetries: 1 })
  const error = await failure(model.generate(question, generateOptions))
  expect(error).toMatchObject({ code, retryable: true })
})

test.each([
  [400, {}, '`cause`'],
  [401, {}, '`apiKey`'],
  [402, {}, 'credit'],
  [403, {}, 'permissions'],
  [404, {}, '`baseURL`'],
  [429, { type: 'insufficient_quota', code: 'credit_balance_exhausted' }, 'credit'],
  [429, { type: 'invalid', code: 'insufficient_quota' }, 'credit'],
])('does not try again after a %i %j, and says what to do', async (status, body, advice) => {
  script(fails(status, body))
  const { model, generateOptions, clock } = setUp()
  const error = await failure(model.generate(question, generateOptions))
  expect(error).toMatchObject({ code: 'model_failed', retryable: false })
  expect(error.message).toContain(advice)
  expect(error.message).toContain(`HTTP ${status}`)
  expect(clock.waits).toEqual([])
})

test('reports what was spent before a failure', async () => {
  script(calls(['find_order', { id: 'A1' }]), fails(400))
  const { model, generateOptions, spent } = setUp()
  await failure(model.generate({ ...question, tools: [findOrder] }, generateOptions))
  expect(spent).toMatchObject([{ inputTokens: 100, outputTokens: 10 }])
})

test('lets the receiver of usage stop it', async () => {
  script(calls(['find_order', { id: 'A1' }]))
  const { model, generateOptions } = setUp()
  const tooMuch = new WaAgentError('model_failed', 'enough')
  const onUsage = () => {
    throw tooMuch
  }
  const generating = model.generate({ ...question, tools: [findOrder] }, { ...generateOptions, onUsage })
  expect(await failure(generating)).toBe(tooMuch)
})

test('puts neither key nor texts into errors and logs', async () => {
  const secret = 'my card is 4111-1111'
  const quoting = (status: number) =>
    fails(status, { message: `Incorrect key ${key} for ${secret}`, code: `${key}`, type: secret, param: secret })
  const request = { ...question, instructions: secret, messages: [{ role: 'user', text: secret }] } as const
  for (const status of [400, 401, 403, 404, 429, 500]) {
    script(quoting(status))
    const { model, generateOptions, lines } = setUp({ maxRetries: 0 })
    const { message, stack, cause } = await failure(model.generate(request, generateOptions))
    expect(inspect([message, stack, lines], { depth: 9 })).not.toMatch(/4111|sk-test/)
    // The explanation is for the agent's author, except where servers quote keys.
    expect(cause === undefined).toBe(status === 401 || status === 403)
  }
})

// Time limits and aborts

/** Never answers; the test goes on when it has been asked. */
function silentServer() {
  const asked: Promise<ChatRequest>[] = []
  const next: PromiseWithResolvers<ChatRequest>[] = []
  for (let index = 0; index < 3; index += 1) {
    const each = Promise.withResolvers<ChatRequest>()
    next.push(each)
    asked.push(each.promise)
  }
  const silent: Respond = (sent, index) => {
    next[index]?.resolve(sent)
    return new Promise(() => undefined)
  }
  return { asked, silent }
}

test('ends an attempt that takes too long, and tries again', async () => {
  const { asked, silent } = silentServer()
  script(silent, says('Yes.'))
  const { model, generateOptions, clock } = setUp()
  const generating = model.generate(question, generateOptions)
  await asked[0]
  clock.timeOut()
  expect((await generating).text).toBe('Yes.')
  expect(clock.openLimits).toBe(0)
})

test('gives up with model_timeout when each attempt takes too long', async () => {
  const { asked, silent } = silentServer()
  script(silent, silent)
  const { model, generateOptions, clock } = setUp({ maxRetries: 1 })
  const failed = failure(model.generate(question, generateOptions))
  for (const request of asked.slice(0, 2)) {
    await request
    clock.timeOut()
  }
  expect(await failed).toMatchObject({
    code: 'model_timeout',
    retryable: true,
    message: expect.stringContaining('30000 ms'),
  })
})

test('throws the reason of the signal when aborted while the server is silent', async () => {
  const { asked, silent } = silentServer()
  script(silent)
  const { model, generateOptions, controller, clock } = setUp()
  const failed = failure(model.generate(question, generateOptions))
  await asked[0]
  const reason = new Error('the turn is over')
  controller.abort(reason)
  expect(await failed).toBe(reason)
  expect(clock.openLimits).toBe(0)
})

test('throws the reason of the signal when aborted while a tool runs that does not look at it', async () => {
  const started = Promise.withResolvers<AbortSignal>()
  const stuck = defineTool({
    name: 'stuck',
    description: 'Never ends',
    input: z.object({}),
    run(_, { signal }) {
      started.resolve(signal)
      return new Promise(() => undefined)
    },
  })
  script(calls(['stuck', {}]))
  const { model, generateOptions, controller } = setUp()
  const failed = failure(model.generate({ ...question, tools: [stuck] }, generateOptions))
  expect(await started.promise).toBe(controller.signal)
  const reason = new Error('the turn is over')
  controller.abort(reason)
  expect(await failed).toBe(reason)
})

test('asks nothing when the signal is aborted already', async () => {
  const { calls: sent } = script()
  const { model } = setUp()
  const signal = AbortSignal.abort(new Error('the turn is over'))
  expect((await failure(model.generate(question, { signal }))).message).toBe('the turn is over')
  expect(sent).toEqual([])
})

// Circuit breaker

test('leaves a failing server alone for a while, then sees whether it is back', async () => {
  const { calls: sent } = script(fails(500), fails(500), says('Yes.'), says('Yes.'))
  const { model, generateOptions, clock, lines } = setUp({
    maxRetries: 0,
    breaker: { maxFailures: 2, coolDownMs: 5_000 },
  })
  await failure(model.generate(question, generateOptions))
  await failure(model.generate(question, generateOptions))
  clock.advance(2_000)
  const refused = await failure(model.generate(question, generateOptions))
  expect(refused).toMatchObject({ code: 'model_unavailable', retryable: true, retryAfterMs: 3_000 })
  expect(sent).toHaveLength(2)
  clock.advance(3_000)
  expect((await model.generate(question, generateOptions)).text).toBe('Yes.')
  expect((await model.generate(question, generateOptions)).text).toBe('Yes.')
  expect(lines).toMatchObject([{ state: 'open' }, { state: 'half-open' }, { state: 'closed' }])
})

test('holds neither refused requests nor rate limits against the server', async () => {
  script(fails(400), fails(429), fails(401), fails(500), says('Yes.'))
  const { model, generateOptions } = setUp({ maxRetries: 0, breaker: { maxFailures: 2 } })
  for (let call = 0; call < 4; call += 1) await failure(model.generate(question, generateOptions))
  expect((await model.generate(question, generateOptions)).text).toBe('Yes.')
})

test('does not hold aborts against the server', async () => {
  const { asked, silent } = silentServer()
  script(silent, says('Yes.'))
  const { model, generateOptions, controller } = setUp({ breaker: { maxFailures: 1 } })
  const failed = failure(model.generate(question, generateOptions))
  await asked[0]
  controller.abort(new Error('the turn is over'))
  await failed
  const { signal } = new AbortController()
  expect((await model.generate(question, { signal })).text).toBe('Yes.')
})

// Clients

test('uses the given client, with its retries off', async () => {
  const options: unknown[] = []
  const client = {
    chat: {
      completions: {
        async create(_: unknown, given: { readonly maxRetries: number }) {
          options.push(given.maxRetries)
          return says('Yes.').body
        },
      },
    },
  }
  const model = openaiModel({ client })
  const { signal } = new AbortController()
  expect((await model.generate(question, { signal })).text).toBe('Yes.')
  expect(options).toEqual([0])
})

test('uses the given fetch', async () => {
  const urls: unknown[] = []
  const fetch = async (url: unknown) => {
    urls.push(String(url))
    return Response.json(says('Yes.').body)
  }
  const { model, generateOptions } = setUp({ fetch, baseURL: 'https://llm.example/v1' })
  expect((await model.generate(question, generateOptions)).text).toBe('Yes.')
  expect(urls).toEqual(['https://llm.example/v1/chat/completions'])
})
