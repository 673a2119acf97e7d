// Every TypeScript snippet in Markdown is a region of a file that is compiled and, where it can be, run by a test:
//   <!-- snippet: examples/snippets/src/hello.ts#hello -->
//   ```ts
//   ...
//   ```
// --write copies the regions into the pages, --check fails where a page differs or a snippet has no source. In the
// source a region stands between `// #region hello` and `// #endregion`; lines that only talk to a tool are left out.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { root } from './packages.mjs'

const write = process.argv.includes('--write')
const cwd = fileURLToPath(root)
const ignored = /(^|[\\/])(node_modules|dist|coverage|fixtures)([\\/]|$)/
const pages = globSync('**/*.md', { cwd, exclude: (path) => ignored.test(path) }).sort()
const fence =
  /(?:<!-- snippet: (?<file>[^#\s]+)(?:#(?<region>[\w-]+))? -->\n)?```(?<language>[cm]?tsx?|typescript|[cm]?jsx?|javascript)\b[^\n]*\n(?<code>[\s\S]*?)```/g
const comment = /^<!-- snippet: /gm

const problems = []
let count = 0
for (const page of pages) {
  const text = readFileSync(new URL(page, root), 'utf8')
  let sourced = 0
  const updated = text.replace(fence, (...match) => {
    const { file, region, language, code } = match.at(-1)
    count += 1
    if (!file) {
      problems.push(`${page}: a snippet names no source: ${code.split('\n')[0]}`)
      return match[0]
    }
    sourced += 1
    const source = regionOf(file, region)
    if (typeof source !== 'string') {
      problems.push(`${page}: ${source.problem}`)
      return match[0]
    }
    if (source !== code && !write)
      problems.push(`${page}: the snippet differs from ${file}${region ? `#${region}` : ''}; run npm run docs:snippets`)
    return `<!-- snippet: ${file}${region ? `#${region}` : ''} -->\n\`\`\`${language}\n${source}\`\`\``
  })
  if (sourced !== (text.match(comment)?.length ?? 0))
    problems.push(`${page}: a "<!-- snippet: ... -->" is not followed by a block of code`)
  if (write && updated !== text) writeFileSync(new URL(page, root), updated)
}

if (count === 0) problems.push('no snippet was found at all: the pattern or the pages are wrong')
for (const problem of problems) console.error(problem)
console.log(`${count} snippets in ${pages.length} pages`)
process.exit(problems.length === 0 ? 0 : 1)

function regionOf(file, region) {
  let source
  try {
    source = readFileSync(new URL(file, root), 'utf8')
  } catch {
    return { problem: `there is no file ${file}` }
  }
  if (!region) return source
  const lines = source.split('\n')
  const begin = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const end = lines.findIndex((line, index) => index > begin && line.trim() === '// #endregion')
  if (begin === -1 || end === -1) return { problem: `${file} has no region "${region}"` }
  const body = lines.slice(begin + 1, end).filter((line) => !/^\s*\/\/ (#(end)?region|biome-ignore)\b/.test(line))
  const indents = body.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const indent = Math.min(...indents)
  return `${body
    .map((line) => line.slice(indent))
    .join('\n')
    .trim()}\n`
}
