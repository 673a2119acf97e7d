import { z } from 'zod'
import type { FileLine } from './read-lines.ts'

/** A message as a line says it. */
export interface LineMessage {
  readonly id?: string | undefined
  readonly from?: string | undefined
  readonly text: string
}

/** A line that is no message. */
export interface BadLine {
  /** 1 for the first line of the file. */
  readonly line: number
  /** What is wrong with it, without its content. */
  readonly reason: string
}

// What cannot be kept as it is would become another id, perhaps one that somebody else has.
const exactText = z
  .string()
  .min(1)
  .max(1024)
  .refine((value) => value.isWellFormed() && !value.includes('\0'))
const name = z.union([exactText, z.int().transform(String), z.null().transform(() => undefined)])
const lineSchema = z.object({ id: name.optional(), from: name.optional(), text: z.string() })

/** Reads one line: a message, what is wrong with it, or `undefined` where it is blank. */
export function parseLine({ number, text }: FileLine): LineMessage | BadLine | undefined {
  if (text === undefined) return { line: number, reason: 'the line is too long' }
  if (text.trim() === '') return undefined
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return { line: number, reason: 'not JSON' }
  }
  const result = lineSchema.safeParse(content)
  return result.success ? result.data : { line: number, reason: describe(result.error) }
}

function describe({ issues }: z.ZodError): string {
  const [field] = issues[0]?.path ?? []
  if (field === undefined) return 'not an object'
  if (field === 'text') return '"text" is missing or not a string'
  return `"${String(field)}" must be 1-1024 valid characters or a whole number`
}
