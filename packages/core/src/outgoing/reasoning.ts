const thoughtNames =
  'think|thinking|thoughts?|reasoning|analysis|reflection|scratch_?pad|(?:inner|internal)_monologue|ant_?thinking|(?:antml|seed|mm):think(?:ing)?'

/** Where a model's thoughts begin and end, as the models of today write it. */
const thoughtTags = new RegExp(
  [
    `<(?<tag>/?)(?:${thoughtNames})(?:\\s[^<>]{0,200})?>`,
    '◁(?<kimi>/?)think▷',
    '\\[(?<mistral>/?)THINK\\]',
    '<\\|(?:START_THINKING|begin_of_thought|(?<token>END_THINKING|end_of_thought))\\|>',
    '<unused(?:94|(?<gemma>95))>',
  ].join('|'),
  'gi',
)

/** Whether a tag of thoughts is still there. */
export const thoughtTag = new RegExp(`</?(?:${thoughtNames})(?:\\s[^<>]{0,200})?>`, 'i')

/** gpt-oss writes channels; only the last message of the final one is for the reader. */
const harmonyFinal = /<\|channel\|>\s{0,5}final\b[^<]{0,100}<\|message\|>/g
const openings =
  /^\s*(?:<\|im_start\|>\s{0,3}assistant|<\|start_header_id\|>\s{0,3}assistant\s{0,3}<\|end_header_id\|>|<\|start\|>\s{0,3}assistant|<\|message\|>|<start_of_turn>\s{0,3}model|<\|begin_of_text\|>|<\|assistant\|>|<s>|<bos>|<\|begin_of_solution\|>|<(?:answer|final_answer|final|response|reply|output)>)/i
const endings =
  /<\|(?:im_end|im_start|end|return|call|start|eot_id|eom_id|endoftext|end_of_text|end_of_solution)\|>|<｜end▁of▁sentence｜>|<end_of_turn>|<start_of_turn>|<\/s>|<eos>|<\/(?:answer|final_answer|final|response|reply|output)>/i
/** References of a file search to its sources, which nobody can open. */
const citations = /【[^【】\n]{0,100}†[^【】\n]{0,200}】|\uE200[^\uE200\uE201]{0,300}\uE201/g

/** `text` as a model meant it for the reader: without its thoughts, the marks of its format and references to its tools. */
export function stripReasoning(text: string): string {
  if (!mayHoldMarks(text)) return text
  const visible = withoutMarks(withoutSteps(withoutThoughts(withoutChannels(text)))).replace(citations, '')
  return visible === text ? text : visible.trim()
}

/** Most texts hold none, and looking for a few characters is cheap. */
function mayHoldMarks(text: string): boolean {
  return (
    text.includes('<') ||
    text.includes('◁') ||
    text.includes('THINK]') ||
    text.includes('Thought:') ||
    text.includes('assistantfinal') ||
    text.startsWith('analysis') ||
    text.startsWith('commentary') ||
    text.includes('†') ||
    text.includes('\uE200')
  )
}

function withoutChannels(text: string): string {
  if (text.includes('<|channel|>')) {
    const final = [...text.matchAll(harmonyFinal)].at(-1)
    return final ? text.slice(final.index + final[0].length) : ''
  }
  // Servers that drop the special tokens leave only the words between them.
  const end = text.lastIndexOf('assistantfinal')
  if (end !== -1) return text.slice(end + 'assistantfinal'.length)
  return /^(?:analysis|commentary)(?:[A-Z]|\s?to=)/.test(text) ? '' : text
}

/** What stands before a tag that only closes was thought, too: some templates open the tag in the prompt. */
function withoutThoughts(text: string): string {
  let visible = ''
  let isThinking = false
  let position = 0
  for (const match of text.matchAll(thoughtTags)) {
    const { tag, kimi, mistral, token, gemma } = match.groups ?? {}
    const closes = Boolean(tag || kimi || mistral || token || gemma)
    if (closes) visible = isThinking ? visible : ''
    else if (!isThinking) visible += text.slice(position, match.index)
    isThinking = !closes
    position = match.index + match[0].length
  }
  return isThinking ? visible : visible + text.slice(position)
}

/** Thought, action, observation, ... and perhaps an answer: the steps of a ReAct agent. */
function withoutSteps(text: string): string {
  if (!/^Thought:/m.test(text) || !/^(?:Action|Observation|Final Answer):/m.test(text)) return text
  const answer = text.lastIndexOf('Final Answer:')
  return answer === -1 ? '' : text.slice(answer + 'Final Answer:'.length)
}

/** What follows the end of an answer is a model that talks on with itself. */
function withoutMarks(text: string): string {
  let visible = text
  while (openings.test(visible)) visible = visible.replace(openings, '')
  const end = visible.search(endings)
  return end === -1 ? visible : visible.slice(0, end)
}
