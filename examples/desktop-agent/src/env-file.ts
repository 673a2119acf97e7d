import { chmodSync, existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

const onlyTheOwner = 0o600

/** The settings in a file of `NAME=value` lines; none where there is no file. Editors on Windows mark their text as such. */
export function readEnvFile(path: string): NodeJS.Dict<string> {
  return existsSync(path) ? parseEnv(textOf(path)) : {}
}

function textOf(path: string): string {
  const bytes = readFileSync(path)
  return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(bytes)
}

/**
 * Writes settings into a file of `NAME=value` lines and leaves its other lines as they are. Only its owner may read it then,
 * and it is never half written. Throws where it cannot be written, or a value not so that it reads back the same.
 */
export function writeEnvFile(path: string, values: Readonly<Record<string, string>>): void {
  // A link stays a link.
  const file = existsSync(path) ? realpathSync(path) : path
  const before = existsSync(file) ? textOf(file) : ''
  const text = withValues(before, values)
  const fresh = `${file}.${process.pid}.new`
  try {
    writeFileSync(fresh, text, { mode: onlyTheOwner })
    // `mode` is for new files, and what the umask takes away is never more than this.
    chmodSync(fresh, onlyTheOwner)
    renameSync(fresh, file)
  } catch (error) {
    rmSync(fresh, { force: true })
    const names = Object.keys(values).join(', ')
    const advice = `Run this in a folder of yours, or set ${names} in the environment.`
    throw new Error(`The settings cannot be written to ${path}. ${advice}`, { cause: error })
  }
}

/** The text of a settings file with these values in it. */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
  const left = new Map(Object.entries(values))
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)
  const kept = lines.flatMap((line) => {
    const name = /^\s*(?:export\s+)?([\w.-]+)\s*=/.exec(line)?.[1] ?? ''
    const value = values[name]
    if (value === undefined) return [line]
    // The last of two lines of one name would win.
    return left.delete(name) ? [`${name}=${quoted(name, value)}`] : []
  })
  const added = [...left].map(([name, value]) => `${name}=${quoted(name, value)}`)
  const written = `${[...kept, ...added].join('\n')}\n`
  const expected = { ...parseEnv(text), ...values }
  const read = parseEnv(written)
  const isSame = Object.keys({ ...expected, ...read }).every((name) => expected[name] === read[name])
  if (isSame) return written
  throw new Error(
    `The settings file has lines that cannot be kept as they are. Write ${Object.keys(values).join(', ')} into it by hand.`,
  )
}

/** As it is where that reads back the same, else in quotation marks that do. */
function quoted(name: string, value: string): string {
  const ways = [value, ...['"', "'", '`'].map((mark) => `${mark}${value}${mark}`)]
  const way = ways.find((candidate) => parseEnv(`${name}=${candidate}\nEND=1`)[name] === value)
  if (way !== undefined) return way
  throw new Error(`${name} cannot be written to a settings file: it has all kinds of quotation marks in it.`)
}
