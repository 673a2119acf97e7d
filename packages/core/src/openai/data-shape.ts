import { type ZodType, z } from 'zod'
import { describeError, WaAgentError } from '../errors.ts'
import type { Tool } from '../model.ts'
import { findJson } from './answer-text.ts'
import { type JsonSchema, toStrictSchema, withoutOptionalNulls } from './strict-schema.ts'

/** The shape of an answer's data, or of a tool's arguments, in the forms in which servers want it described. */
export interface DataShape {
  /** The object that is asked for; what is not an object by itself travels as its `value`. */
  readonly zod: ZodType
  readonly isWrapped: boolean
  readonly schema: JsonSchema
  /** Absent where strict mode cannot say it. */
  readonly strictSchema: JsonSchema | undefined
}

/** Data that fits, or what is wrong with it: in full for the model, and without its content for errors and logs. */
export type ReadData =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly forModel: string; readonly forPeople: string }

/** Describes the shape that `output` accepts; throws `invalid_options` for one that is not JSON, such as `z.date()`. */
export function dataShape(output: ZodType): DataShape {
  const direct = toJsonSchema(output, '`output`')
  const isWrapped = direct.type !== 'object'
  const zod = isWrapped ? z.object({ value: output }) : output
  const schema = isWrapped ? toJsonSchema(zod, '`output`') : direct
  return { zod, isWrapped, schema, strictSchema: toStrictSchema(schema) }
}

/** Describes the arguments of a tool; throws `invalid_options` for a tool that takes anything but an object of JSON. */
export function toolShape({ name, input }: Tool): DataShape {
  const schema = toJsonSchema(input, `tool "${name}"`)
  if (schema.type === 'object') return { zod: input, isWrapped: false, schema, strictSchema: undefined }
  throw new WaAgentError(
    'invalid_options',
    `[openai] Expected the input of tool "${name}" to be z.object(), got another schema. Wrap it in z.object({ ... }).`,
  )
}

function toJsonSchema(type: ZodType, owner: string): JsonSchema {
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input' }) as JsonSchema
    return schema
  } catch (error) {
    throw notJson(owner, error)
  }
}

/** Finds the data in a text and checks it. */
export async function readData(text: string, shape: DataShape): Promise<ReadData> {
  const found = findJson(text)
  if (!found) return { ok: false, forModel: 'It is not valid JSON.', forPeople: 'not JSON' }
  const value = withoutOptionalNulls(wrap(found.value, shape), shape.schema)
  const parsed = await shape.zod.safeParseAsync(value)
  if (!parsed.success) {
    return { ok: false, forModel: z.prettifyError(parsed.error), forPeople: describeIssues(parsed.error) }
  }
  return { ok: true, data: shape.isWrapped ? (parsed.data as { readonly value: unknown }).value : parsed.data }
}

function notJson(owner: string, cause: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[openai] Expected the schema of ${owner} to be JSON, got a type that JSON has not (${describeError(cause)}). Use e.g. z.iso.datetime() in place of z.date().`,
    { cause },
  )
}

/** Where a value fails its schema, without the value: the keys of records may be what a customer wrote. */
function describeIssues(error: z.ZodError): string {
  const places = error.issues.slice(0, 5).map(({ path, code }) => `${path.map(safeStep).join('.') || 'root'}: ${code}`)
  return places.join(', ')
}

/** Models without a schema at hand often leave the wrapping out. */
function wrap(value: unknown, shape: DataShape): unknown {
  if (!shape.isWrapped) return value
  return typeof value === 'object' && value !== null && 'value' in value ? value : { value }
}

function safeStep(step: PropertyKey): string {
  if (typeof step === 'number') return String(step)
  return /^[A-Za-z_]\w{0,39}$/.test(String(step)) ? String(step) : '?'
}
