import {
  type Model,
  type ModelRequest,
  type ModelResponse,
  type ModelUsage,
  type Tool,
  WaAgentError,
} from '@wa-agent/core'
import type { ZodType, z } from 'zod'

/** A call of a tool, as a model would ask for it. The input goes through the tool's own schema. */
export interface ScriptedToolCall {
  readonly name: string
  readonly input?: unknown
}

/**
 * What a model does at one step.
 * - `text`, `output`: it answers; `output` is checked against the shape that was asked for.
 * - `toolCalls`: it calls these tools at once; the next step belongs to the same request and sees their results.
 * - `error`: `generate` rejects with it.
 * - `hangs`: nothing comes until the signal is aborted.
 */
export type ModelAnswer =
  | { readonly text: string; readonly usage?: ModelUsage }
  | { readonly output: unknown; readonly usage?: ModelUsage }
  | { readonly toolCalls: readonly ScriptedToolCall[]; readonly usage?: ModelUsage }
  | { readonly error: unknown }
  | { readonly hangs: true }

/** An answer, or how to find one from what was asked and from the results of the request's tool calls so far. */
export type ModelStep =
  | ModelAnswer
  | ((request: ModelRequest, round: ScriptedRound) => ModelAnswer | Promise<ModelAnswer>)

/** What a step that is a function gets beside the request. */
export interface ScriptedRound {
  readonly toolResults: readonly unknown[]
  readonly signal: AbortSignal
}

/** How a scripted model is made. */
export interface ScriptedModelOptions {
  /** Default `scripted`. */
  readonly name?: string
  /** What each step costs unless it says otherwise. Default: nothing. */
  readonly usage?: ModelUsage
}

/** A model that answers from a script. `using model = scriptedModel([...])` checks at the end that the script was played. */
export interface ScriptedModel extends Model, Disposable {
  /** What was asked, in order. */
  readonly requests: readonly ModelRequest[]
  /** What the tools that it called returned, in order. */
  readonly toolResults: readonly unknown[]
  /** How many steps have not been played. */
  readonly left: number
  /**
   * Throws where steps are left over, where there was a call too many, and where a step did not fit its request: such a
   * call has rejected already, but the code under test may have swallowed that.
   */
  assertDone(): void
}

const free: ModelUsage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/** Makes a model that plays `steps`, one after the other, whoever asks. */
export function scriptedModel(steps: readonly ModelStep[], options: ScriptedModelOptions = {}): ScriptedModel {
  const { name = 'scripted', usage: price = free } = options
  const requests: ModelRequest[] = []
  const allResults: unknown[] = []
  const mistakes: string[] = []
  let played = 0

  function mistake(text: string): Error {
    mistakes.push(text)
    return new Error(text)
  }

  async function nextAnswer(request: ModelRequest, round: ScriptedRound): Promise<ModelAnswer> {
    const step = steps[played]
    if (step === undefined) {
      throw mistake(`The script has ${steps.length} steps, and the model was asked for one more (${request.purpose}).`)
    }
    played += 1
    return typeof step === 'function' ? step(request, round) : step
  }

  async function callTools(request: ModelRequest, calls: readonly ScriptedToolCall[], signal: AbortSignal) {
    const results: unknown[] = []
    for (const call of calls) {
      const tool = request.tools?.find((one) => one.name === call.name)
      if (!tool) throw mistake(`The script calls the tool "${call.name}", which the request does not offer.`)
      results.push(await runTool(tool, { input: call.input ?? {}, signal }))
    }
    allResults.push(...results)
    return results
  }

  function outputOf<Output extends ZodType>(request: ModelRequest<Output>, answer: ModelAnswer): z.output<Output> {
    if (request.output && 'text' in answer)
      throw mistake('The script answers with text, but the request asks for data.')
    if (!request.output && 'output' in answer) {
      throw mistake('The script answers with data, but the request asks for text.')
    }
    if (!request.output || !('output' in answer)) return undefined as z.output<Output>
    const parsed = request.output.safeParse(answer.output)
    if (parsed.success) return parsed.data
    throw new WaAgentError('model_failed', 'The model answered with data of another shape than was asked for.', {
      cause: parsed.error,
    })
  }

  async function generate<Output extends ZodType>(
    request: ModelRequest<Output>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<ModelResponse<z.output<Output>>> {
    requests.push(request)
    const toolResults: unknown[] = []
    const toolCalls: string[] = []
    let usage = free
    for (let rounds = 0; ; rounds += 1) {
      signal.throwIfAborted()
      const answer = await nextAnswer(request, { toolResults, signal })
      if ('error' in answer) throw answer.error
      if ('hangs' in answer) return rejectOnAbort(signal)
      usage = add(usage, answer.usage ?? price)
      if (!('toolCalls' in answer)) {
        return { text: 'text' in answer ? answer.text : '', output: outputOf(request, answer), usage, toolCalls }
      }
      if (rounds >= (request.maxToolRounds ?? 5)) {
        throw new WaAgentError('model_failed', `The model still called tools after ${rounds} rounds.`)
      }
      toolCalls.push(...answer.toolCalls.map((call) => call.name))
      toolResults.push(...(await callTools(request, answer.toolCalls, signal)))
    }
  }

  function assertDone(): void {
    if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
    if (played < steps.length) throw new Error(`The script has ${steps.length} steps, only ${played} were played.`)
  }

  return {
    name,
    generate,
    requests,
    toolResults: allResults,
    get left() {
      return steps.length - played
    },
    assertDone,
    [Symbol.dispose]: assertDone,
  }
}

async function runTool(tool: Tool, { input, signal }: { input: unknown; signal: AbortSignal }): Promise<unknown> {
  return await tool.run(tool.input.parse(input), { signal })
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function add(one: ModelUsage, other: ModelUsage): ModelUsage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costUsd: one.costUsd + other.costUsd,
  }
}
