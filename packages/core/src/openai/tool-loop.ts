import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Tool } from '../model.ts'
import { orAborted } from './abortable.ts'
import type { ChatAnswer, ChatMessage, ToolCall } from './chat-api.ts'
import { readData, toolShape } from './data-shape.ts'

/** What the rounds of tool calls need to know. */
export interface ToolLoop {
  readonly tools: readonly Tool[]
  readonly maxRounds: number
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly ask: (messages: readonly ChatMessage[], toolChoice: 'auto' | 'none') => Promise<ChatAnswer>
}

/** How it ended: the answer, and all that was said before it. */
export interface ToolLoopResult {
  readonly answer: ChatAnswer
  readonly messages: readonly ChatMessage[]
  /** The names of the tools that ran, in order. */
  readonly toolCalls: readonly string[]
}

/** Asks, runs the tools that the model calls, tells it their results, and so on until it answers or may call no more. */
export async function askWithTools(messages: readonly ChatMessage[], loop: ToolLoop): Promise<ToolLoopResult> {
  const said = [...messages]
  const toolCalls: string[] = []
  const maxRounds = loop.tools.length > 0 ? loop.maxRounds : 0
  for (let round = 0; ; round += 1) {
    const isLast = round >= maxRounds
    const answer = await loop.ask(said, isLast ? 'none' : 'auto')
    if (isLast || answer.toolCalls.length === 0) return { answer, messages: said, toolCalls }
    // Started at the same time, told in the order in which they were asked for.
    const results = await Promise.all(answer.toolCalls.map((call) => runCall(call, loop)))
    toolCalls.push(...results.filter((result) => result.ran).map((result) => result.name))
    said.push(answer.message)
    said.push(...results.map(({ id, content }) => ({ role: 'tool' as const, tool_call_id: id, content })))
  }
}

interface CallResult {
  readonly id: string
  readonly name: string
  readonly content: string
  readonly ran: boolean
}

async function runCall({ id, name, argumentsJson }: ToolCall, loop: ToolLoop): Promise<CallResult> {
  const tool = loop.tools.find((candidate) => candidate.name === name)
  if (!tool) return { id, name, content: failure('There is no tool of this name.'), ran: false }
  const input = await readData(argumentsJson, toolShape(tool))
  if (!input.ok) {
    loop.logger.warn({ tool: name, problem: input.forPeople }, 'model called a tool with invalid arguments')
    return { id, name, content: failure(`The arguments are not valid. ${input.forModel}`), ran: false }
  }
  return { id, name, content: await runTool(tool, input.data, loop), ran: true }
}

async function runTool(tool: Tool, input: unknown, { signal, logger }: ToolLoop): Promise<string> {
  try {
    const work = Promise.resolve().then(() => tool.run(input, { signal }))
    return JSON.stringify(await orAborted(work, signal)) ?? 'null'
  } catch (error) {
    if (signal.aborted) throw signal.reason
    logger.warn({ tool: tool.name, error: describeError(error) }, 'tool failed')
    // What went wrong inside is the host's business, neither the model's nor the customer's.
    return failure('The tool failed. Go on without its result.')
  }
}

function failure(text: string): string {
  return JSON.stringify({ error: text })
}
