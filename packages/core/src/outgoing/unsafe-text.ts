import { thoughtTag } from './reasoning.ts'

/** What a text must not show. `needs` is a part that every match has: looking for it first is many times cheaper. */
interface UnsafePattern {
  readonly reason: string
  readonly needs: string
  readonly pattern: RegExp
}

function patterns(reason: string, rows: readonly (readonly [needs: string, pattern: RegExp])[]): UnsafePattern[] {
  return rows.map(([needs, pattern]) => ({ reason, needs, pattern }))
}

// Each expression takes time in proportion to the text, whatever is in it: repetitions that could run into each other are
// bounded or kept apart by a character that neither matches.

const stackTraces = patterns('stack trace', [
  // JavaScript. A time is no place in a file: "at 10:30" has neither a folder nor an extension.
  ['at ', /^[ \t]*at [^\n]*(?:[\\/][^\s:\\/]*|\.[A-Za-z]\w*|node:[\w/]+|<anonymous>|native):\d+:\d+\)?[ \t]*$/m],
  ['@', /^[\w$./<>-]{0,100}@(?:https?|file):\/\/\S{1,300}:\d+:\d+[ \t]*$/m],
  // Java and .NET
  ['at ', /^[ \t]*at [\w$.<>/@-]+\((?:[\w$-]+\.(?:java|kts?|scala|groovy|clj):\d+|Native Method|Unknown Source)\)/m],
  ['at ', /^[ \t]*at (?:System|Microsoft)\.[\w.`]+/m],
  [':line ', /[\\/][^\s:\\/]*\.(?:cs|vb|fs):line \d+/],
  ['Exception in thread', /^Exception in thread "/m],
  ['Caused by: ', /^Caused by: (?:[\w$]+\.){2}/m],
  // Python
  ['Traceback', /Traceback \(most recent call (?:last|first)\)/],
  ['File "', /^[ \t|+]*File "[^"\n]+", line \d+/m],
  // Go, Rust
  ['goroutine ', /^goroutine \d+ \[/m],
  ['.go:', /\.go:\d+ \+0x[\da-f]+/],
  ['panic: ', /^panic: /m],
  ['panicked at', /^thread '[^'\n]*'(?: \(\d+\))? panicked at/m],
  // PHP, Dart, Ruby
  ['.php', /\.php(?::\d+|\(\d+\)| on line \d+)/],
  ['{main}', /^#\d+ +\{main\}/m],
  ['#0', /^#\d+ [^\n]*\.dart[:)]/m],
  ['tack trace:', /^\[?[Ss]tack trace:\]?[ \t]*$/m],
  ['.rb:', /\.rb:\d+:in [`'"]/],
])

const errorTexts = patterns('error text', [
  ['rror', /^\s*(?:Uncaught\s+(?:\(in promise\)\s+)?)?error(?: \[\w+\])?: /i],
  ['Error', /\b[A-Z]\w{1,80}Error\b(?: \[\w{1,80}\])?(?::|\()/],
  ['Exception', /\b[A-Z]\w{1,80}Exception\b(?::|\()/],
  ['Error', /\b(?:[a-z]\w{0,40}\.){2,8}[A-Z]\w{0,80}Error\b/],
  ['Exception', /\b(?:[a-z]\w{0,40}\.){2,8}[A-Z]\w{0,80}Exception\b/],
  ['** (', /^\*\* \([A-Z][\w.]{0,80}Error\)/m],
  ['PHP ', /^PHP (?:Fatal error|Warning|Notice|Parse error|Deprecated): /m],
  // Values that never became words. "1/0 is undefined" is a sentence, "Hello undefined" is not.
  ['[object ', /\[object [A-Z]\w*\]/],
  ['undefined', /(?<!\b(?:is|are|was|be|an|left|remains|stays) )\bundefined\b/],
  ['NaN', /(?<![\w-])NaN(?![\w-])/],
  [
    'null',
    /(?:^|[:=#$€£₹(][ \t]{0,3}|\b(?:Hello|Hi|Hey|Dear|Hola|Hallo|Olá|Ciao|Bonjour)[ ,]{1,2})null(?=[ \t]*(?:$|[.,!?;)]))/m,
  ],
  ['Invalid Date', /(?:[:,]|\b(?:on|by|at|until|from|for)) Invalid Date\b/],
  // JavaScript, Python and what they call
  ['Cannot ', /\bCannot (?:(?:read|set) propert(?:y|ies) .{0,100}of (?:undefined|null)|destructure property|access ')/],
  [' is not ', /^\s*[a-z_$][\w$.]{0,100}(?:\(\.{3}\))? is not (?:a function|defined|iterable|a constructor)\.?\s*$/],
  ['Unexpected ', /\bUnexpected (?:token .{1,20} in JSON|end of JSON|non-whitespace character|token '.{1,4}', )/],
  ["'NoneType'", /'NoneType' object/],
  [' object has no attribute ', /' object has no attribute '/],
  ['status code', /\bRequest failed with status code \d{3}/],
  ['fetch failed', /^\s*fetch failed\s*$/],
  ['socket hang up', /^\s*socket hang up\s*$/],
  [
    'E',
    /\b(?:ECONN(?:REFUSED|RESET|ABORTED)|ENOENT|ENOTFOUND|ETIMEDOUT|EPIPE|EACCES|EADDRINUSE|EAI_AGAIN|EHOSTUNREACH|ENOSPC|ERR_[A-Z]{2,40}_[A-Z_]{2,40})\b/,
  ],
  // Providers of models
  ['API key', /\b(?:Incorrect|Invalid|No) API key provided/],
  ['maximum context length', /\bmaximum context length (?:is|of) \d/],
  ['exceeded your current quota', /\bexceeded your current quota/],
  ['Rate limit reached', /\bRate limit reached for\b/],
  ['Agent stopped due to', /^Agent stopped due to (?:iteration|max|time)/],
  // Databases
  ['SQL', /\bSQLITE_[A-Z]{3,20}\b|\bSQLSTATE\b|\berror in your SQL syntax/],
  ['ORA-', /\bORA-\d{5}: (?:table|unique|invalid|missing|cannot|no|not|TNS|deadlock)\b/],
  ['ER_', /\bER_(?:DUP|NO|BAD|PARSE|ACCESS|LOCK|DATA|ROW|TABLE)_[A-Z_]{2,40}\b/],
  ['constraint', /\bviolates (?:unique|foreign key|not-null|check|exclusion) constraint|\bconstraint failed: \w/],
  ['syntax error', /\bsyntax error (?:at or )?near\b|": syntax error\b/],
  ['does not exist', /\b(?:relation|column|table|function) "?[\w.]{1,100}"? does not exist/],
  ["' doesn't exist", /\bTable '[^'\n]{1,100}' doesn't exist/],
  ["Unknown column '", /\bUnknown column '[^'\n]{1,100}' in/],
  ['Duplicate entry ', /\bDuplicate entry '[^'\n]{0,200}' for key/],
  ['no such ', /\bno such (?:table|column): \w/],
  ['FROM ', /\bSELECT \* FROM \w|\bDELETE FROM \w+ WHERE\b/],
  ['INSERT INTO ', /\bINSERT INTO ["`\w.]+ ?\(/],
])

const errorPages = patterns('error page', [
  ['<', /<!doctype\s+html|<html[\s>]|<\/(?:html|body|head|title|center)>|<(?:head|body|title)>|<\?xml\s/i],
  ['<b>', /<b>(?:Warning|Fatal error|Parse error|Notice|Deprecated)<\/b>:/],
  ['Internal Server Error', /^\s*(?:500 )?Internal Server Error\s*$|\b500 Internal Server Error\b/],
  ['Bad Gateway', /\b502 Bad Gateway\b/],
  ['Unavailable', /\b503 Service (?:Temporarily )?Unavailable\b/],
  ['Gateway Time', /\b504 Gateway Time-?out\b/],
])

const toolOutput = patterns('tool output', [
  [
    '<',
    /<\/?(?:\w{1,20}:)?(?:tool_(?:calls?|response|results?|use|outputs?|code)|function_(?:calls?|results?|response)|invoke|parameter|arg_key|arg_value)\b|<\/?function[=>]/i,
  ],
  // Special tokens of chat templates
  ['<|', /<\|[^|<>\n]{1,60}\|>/],
  ['<｜', /<｜[^｜<>\n]{1,60}｜>/],
  ['[', /\[(?:\/?TOOL_(?:CALLS|RESULTS?)|\/?AVAILABLE_TOOLS|ARGS|\/?INST)\]/],
  ['✿', /✿(?:FUNCTION|ARGS|RESULT|RETURN)✿/],
  ['to=', /\bto=(?:functions|browser|python|container)\b/],
  ['functions.', /\bfunctions\.\w{1,60}:\d/],
  ['multi_tool_use', /\bmulti_tool_use\.parallel\b/],
  ['tool_', /```tool_(?:code|outputs?|call)|^tool_(?:code|outputs?)[ \t]*$/m],
  ['default_api.', /\bdefault_api\.\w/],
  ['Invoking: `', /^Invoking: `/m],
  ['(', /^\s*\[?[a-z]{1,40}(?:[_.][a-z]{1,40}){1,8}\([a-z_]{1,40} ?= ?["'\d[{]/],
  // Data: nobody writes a quoted name and a colon in braces to a customer
  ['{', /\{\s{0,40}"[^"\n]{1,100}"\s{0,5}:/],
  ['{', /\{\s{0,40}'[\w-]{1,100}'\s{0,5}:/],
  ['{', /^\s*\{\s{0,40}[\w$]{1,100}: ?(?:['"[{]|true\b|false\b|null\b|undefined\b)[\s\S]*\}\s*$/],
  ['[', /\[(?:Object|Array|Function(?:: \w{1,60})?|Circular \*\d+)\]/],
  [' object at 0x', /<[\w.]{1,100} object at 0x[\da-fA-F]+>/],
])

const secrets = patterns('secret', [
  ['sk-', /\bsk-(?:proj|ant|or|svcacct|admin)-[\w-]{16,}|\bsk-[A-Za-z0-9]{32,}\b/],
  ['k_', /\b[sr]k_(?:live|test)_\w{16,}/],
  ['earer ', /\bBearer\s{1,3}[\w.~+/-]{0,40}\d[\w.~+/-]{16,}/],
  ['PRIVATE KEY', /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/],
  ['eyJ', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\./],
  ['AKIA', /\bAKIA[0-9A-Z]{16}\b/],
  ['gh', /\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}/],
  ['xox', /\bxox[abprs]-[\w-]{10,}/],
  ['AIza', /\bAIza[\w-]{35}/],
  ['EAA', /\bEAA[A-Za-z0-9]{60,}/],
  ['://', /\b[a-z][a-z+]{1,20}:\/\/[^\s:@/]{1,80}:[^\s:@/]{1,200}@/],
])

const all = [
  ...patterns('model reasoning', [['<', thoughtTag]]),
  ...stackTraces,
  ...errorTexts,
  ...errorPages,
  ...toolOutput,
  ...secrets,
]

// What only few texts hold, such as "Traceback", is looked for all at once.
const telling = all.filter(({ needs }) => needs.length > 3)
const others = all.filter(({ needs }) => needs.length <= 3)
const anyTelling = new RegExp(telling.map(({ needs }) => needs.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'))

/** Why no customer should see `text`; `undefined` where it may be seen. */
export function findUnsafe(text: string): string | undefined {
  return (
    findIn(others, text) ??
    (anyTelling.test(text) ? findIn(telling, text) : undefined) ??
    (isJson(text) ? 'tool output' : undefined)
  )
}

function findIn(candidates: readonly UnsafePattern[], text: string): string | undefined {
  for (const { reason, needs, pattern } of candidates) if (text.includes(needs) && pattern.test(text)) return reason
  return undefined
}

/** Nobody answers a customer in JSON: a text that is one JSON object or list came out of a tool. */
function isJson(text: string): boolean {
  const fenced = text.trim()
  const body = fenced.startsWith('```')
    ? fenced
        .slice(3)
        .replace(/^json\b/, '')
        .slice(0, -3)
        .trim()
    : fenced
  if (!(body.startsWith('{') && body.endsWith('}')) && !(body.startsWith('[') && body.endsWith(']'))) return false
  try {
    JSON.parse(body)
    return true
  } catch {
    return false
  }
}
