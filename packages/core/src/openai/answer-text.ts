/**
 * The answer without the thoughts that some servers put into it: `<think>…</think>` blocks, those whose opening tag the
 * server's template has swallowed, and one that was cut off before its end.
 */
export function withoutThoughts(content: string): string {
  return content
    .replace(/<(think|thinking)>[\s\S]*?<\/\1>/gi, '')
    .replace(/^[\s\S]*<\/think(?:ing)?>/i, '')
    .replace(/^\s*<think(?:ing)?>[\s\S]*$/i, '')
    .trim()
}

/** The JSON value in an answer, with or without Markdown fences or a sentence around it; `undefined`: there is none. */
export function findJson(text: string): { readonly value: unknown } | undefined {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/i.exec(text)?.[1]
  const start = text.search(/[{[]/)
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']'))
  const enclosed = start >= 0 && end > start ? text.slice(start, end + 1) : undefined
  for (const candidate of [text, fenced, enclosed]) {
    const found = candidate === undefined ? undefined : tryParse(candidate)
    if (found) return found
  }
  return undefined
}

function tryParse(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) }
  } catch {
    // The engine's message quotes the text, so it is not passed on.
    return undefined
  }
}
