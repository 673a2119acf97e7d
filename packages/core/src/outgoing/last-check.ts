import type { OutboundMessage } from '../message.ts'
import { isBlank } from '../normalize.ts'

/** What is to be done with a message before it may leave. */
export type CheckResult =
  | { readonly verdict: 'pass'; readonly message: OutboundMessage }
  /** Says nothing: it is left out. */
  | { readonly verdict: 'empty' }
  /** Shows what no customer should see: it is replaced by the safe text. */
  | { readonly verdict: 'unsafe'; readonly reason: string }

/** A model's thoughts, closed or cut off; some models close what a template has opened for them. */
const reasoningBlocks = [
  /<(think|thinking|reasoning|thought|analysis|scratchpad)\b[^>]*>[\s\S]*?(<\/\1\s*>|$)/gi,
  /^[\s\S]*?<\/(think|thinking|reasoning|thought|analysis|scratchpad)\s*>/i,
  /<\|channel\|>\s*(analysis|commentary)[\s\S]*?(?=<\|channel\|>\s*final|<\|end\|>|$)/gi,
  /<\|[a-z_]+\|>(\s*final\s*(?=<\|message\|>))?/gi,
]

const unsafePatterns: readonly (readonly [string, RegExp])[] = [
  ['stack trace', /^\s*at\s+(async\s+)?[^\n]*\(?[^\s()]+:\d+(:\d+)?\)?\s*$/m],
  ['stack trace', /Traceback \(most recent call last\)|^\s*File "[^"\n]+", line \d+/m],
  ['stack trace', /^\s*at [\w$.<>]+\([\w$]+\.(java|kt|scala):\d+\)/m],
  ['stack trace', /^(Uncaught )?(\w*Error|\w*Exception)(: [^\n]*)?\n\s+at /m],
  ['error text', /^\s*(Uncaught\s+)?([A-Z]\w*)?(Error|Exception)(\s*\[[A-Z_]+\])?: /],
  ['error text', /^\s*\[object \w+\]\s*$|^\s*(undefined|null|NaN)\s*$/],
  ['tool output', /<\/?(tool_call|tool_response|tool_result|function_call|function_results|invoke)\b/i],
  [
    'tool output',
    /\[(TOOL_CALLS|TOOL_RESULTS?|AVAILABLE_TOOLS)\]|<function=|"tool_calls?"\s*:|"tool_call_id"\s*:|"function_call"\s*:/,
  ],
  ['secret', /\b(sk|pk|rk)-[A-Za-z0-9_-]{20,}|\bBearer\s+[A-Za-z0-9._-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----/],
]

/**
 * The last look at a message before it goes into the outbox. Reasoning is cut out; a stack trace, an error's text, a tool's
 * output or a secret makes the whole message unsafe, because what stands around it was not meant for the customer either.
 */
export function lastCheck(message: OutboundMessage): CheckResult {
  switch (message.type) {
    case 'text':
      return checked(message.text, (text) => ({ ...message, text }))
    case 'buttons':
    case 'list':
      return checked(message.text, (text) => ({ ...message, text }))
    case 'image':
    case 'video':
    case 'document': {
      if (message.caption === undefined) return { verdict: 'pass', message }
      const result = checked(message.caption, (caption) => ({ ...message, caption }))
      if (result.verdict !== 'empty') return result
      const { caption: _, ...withoutCaption } = message
      return { verdict: 'pass', message: withoutCaption }
    }
    case 'template': {
      const reason = message.parameters.map(findUnsafe).find((found) => found !== undefined)
      return reason === undefined ? { verdict: 'pass', message } : { verdict: 'unsafe', reason }
    }
    case 'audio':
    case 'contacts':
    case 'location':
    case 'reaction':
    case 'sticker':
      return { verdict: 'pass', message }
  }
}

function checked(text: string, rebuild: (text: string) => OutboundMessage): CheckResult {
  const visible = stripReasoning(text)
  if (isBlank(visible)) return { verdict: 'empty' }
  const reason = findUnsafe(visible)
  return reason === undefined ? { verdict: 'pass', message: rebuild(visible) } : { verdict: 'unsafe', reason }
}

/** `text` without a model's thoughts. */
export function stripReasoning(text: string): string {
  if (!text.includes('<')) return text
  let visible = text
  for (const block of reasoningBlocks) visible = visible.replace(block, '')
  return visible === text ? text : visible.trim()
}

function findUnsafe(text: string): string | undefined {
  for (const [reason, pattern] of unsafePatterns) if (pattern.test(text)) return reason
  return isJson(text) ? 'tool output' : undefined
}

/** Nobody answers a customer in JSON: a text that is one JSON object or list came out of a tool. */
function isJson(text: string): boolean {
  const trimmed = text.trim().replace(/^```(?:json)?\s*|\s*```$/g, '')
  if (!/^[[{]/.test(trimmed) || !/[\]}]$/.test(trimmed)) return false
  try {
    const value: unknown = JSON.parse(trimmed)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}
