import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Command =
  | { readonly name: 'serve' }
  | { readonly name: 'help' }
  | {
      readonly name: 'replay'
      readonly input: string
      readonly output: string
      readonly database: string
      readonly coalesce: boolean
    }

export const usage = `Usage:
  npm start                                     a shop's assistant: chat in the terminal, and over HTTP
  npm start -- --replay IN.jsonl                answers each line {"id", "from", "text"} of a file ("id" and "from" optional)
      [--out OUT.jsonl]                         where the replies go (default: data/<IN>.replies.jsonl)
      [--db FILE]                               the durable state (default: data/<IN>.replay.db)
      [--coalesce]                              messages of one customer in a row may become one turn
Killed and run again with the same arguments, a replay goes on where it was. Delete OUT and the database to begin anew.`

/** Reads the command line; throws what is wrong with it. */
export function readArguments(parameters: readonly string[]): Command {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      replay: { type: 'string' },
      out: { type: 'string' },
      db: { type: 'string' },
      coalesce: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return { name: 'help' }
  if (values.replay === undefined) {
    const given = ['out', 'db', 'coalesce'].find((name) => values[name as 'out' | 'db' | 'coalesce'])
    if (given) throw new Error(`--${given} belongs to --replay IN.jsonl, which is missing.`)
    return { name: 'serve' }
  }
  const name = basename(values.replay).replace(/\.jsonl?$/, '')
  const output = values.out ?? `data/${name}.replies.jsonl`
  const database = values.db ?? `data/${name}.replay.db`
  if (new Set([values.replay, output, database].map((path) => resolve(path))).size < 3) {
    throw new Error('Expected three different files for --replay, --out and --db. Give each a path of its own.')
  }
  return { name: 'replay', input: values.replay, output, database, coalesce: values.coalesce }
}
