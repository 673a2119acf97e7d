// Every TypeScript snippet in Markdown is a region of a file that is compiled and, where it can be, run by a test:
//   <!-- snippet: examples/snippets/src/hello.ts#hello -->
//   ```ts
//   ...
//   ```
// --write copies the regions into the pages, --check fails where a page differs or a snippet has no source.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { root } from './packages.mjs'

const write = process.argv.includes('--write')
const cwd = fileURLToPath(root)
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'examples/*/*.md'], {
  cwd,
  exclude: (path) => path.includes('node_modules'),
})
const fence =
  /(?:<!-- snippet: (?<file>[^#\s]+)(?:#(?<region>[\w-]+))? -->\n)?```(?<language>ts|typescript|js|javascript)\n(?<code>[\s\S]*?)```/g

const problems = []
let count = 0
for (const page of pages) {
  const text = readFileSync(new URL(page, root), 'utf8')
  const updated = text.replace(fence, (...match) => {
    const { file, region, language, code } = match.at(-1)
    count += 1
    if (!file) {
      problems.push(`${page}: a snippet names no source: ${code.split('\n')[0]}`)
      return match[0]
    }
    const source = regionOf(file, region)
    if (source === undefined) {
      problems.push(`${page}: ${file} has no region "${region}"`)
      return match[0]
    }
    if (source !== code && !write)
      problems.push(`${page}: the snippet differs from ${file}#${region}; run npm run docs:snippets`)
    return `<!-- snippet: ${file}${region ? `#${region}` : ''} -->\n\`\`\`${language}\n${source}\`\`\``
  })
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
    return undefined
  }
  if (!region) return source
  const lines = source.split('\n')
  const begin = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const end = lines.findIndex((line, index) => index > begin && line.trim() === '// #endregion')
  if (begin === -1 || end === -1) return undefined
  const body = lines.slice(begin + 1, end).filter((line) => !/^\s*\/\/ #(end)?region/.test(line))
  const indent = Math.min(
    ...body.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length),
  )
  return `${body
    .map((line) => line.slice(indent))
    .join('\n')
    .trim()}\n`
}
