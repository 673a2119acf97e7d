/** JSON Schema, as far as Zod writes it. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: boolean | JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly [keyword: string]: unknown
}

const structural = [
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'oneOf',
  '$ref',
  '$defs',
]
const descriptive = ['description', 'enum', 'const', '$schema', '$id', 'title', 'examples']
/** Words that change the shape of a value, for which strict mode has no equivalent. */
const inexpressible = ['allOf', 'not', 'if', 'prefixItems', 'patternProperties', 'propertyNames']

/**
 * The same shape in the subset that strict mode accepts on all servers: each property required and those that were
 * optional nullable, no further properties, `oneOf` as `anyOf`. Limits such as `maxLength` move into the description:
 * servers differ in which ones they know, and Zod checks them anyway. `undefined`: the shape cannot be said that way
 * (records, tuples, unknown).
 */
export function toStrictSchema(schema: JsonSchema): JsonSchema | undefined {
  return isExpressible(schema) ? strict(schema) : undefined
}

/** `value` without the nulls that strict mode makes a model write where a property was optional. */
export function withoutOptionalNulls(value: unknown, schema: JsonSchema): unknown {
  return dropNulls(value, schema, schema)
}

function isExpressible(schema: JsonSchema): boolean {
  if (inexpressible.some((keyword) => schema[keyword] !== undefined)) return false
  if (typeof schema.additionalProperties === 'object' || schema.additionalProperties === true) return false
  const says = [schema.type, schema.enum, schema.const, schema.anyOf, schema.oneOf, schema.$ref]
  if (says.every((word) => word === undefined)) return false
  return children(schema).every(isExpressible)
}

function children(schema: JsonSchema): JsonSchema[] {
  const { items } = schema
  return [
    ...Object.values(schema.properties ?? {}),
    ...Object.values(schema.$defs ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(typeof items === 'object' ? [items] : []),
  ]
}

function strict(schema: JsonSchema): JsonSchema {
  // Nothing may stand beside a reference.
  if (schema.$ref !== undefined) return { $ref: schema.$ref }
  const { type, items, properties, $defs, const: constant } = schema
  const branches = schema.anyOf ?? schema.oneOf
  const values = constant === undefined ? schema.enum : [constant]
  const description = describe(schema)
  return {
    ...(type !== undefined && { type }),
    ...(description !== '' && { description }),
    ...(values && { enum: values }),
    ...(branches && { anyOf: branches.map(strict) }),
    ...(typeof items === 'object' && { items: strict(items) }),
    ...((type === 'object' || properties) && strictObject(schema)),
    ...($defs && { $defs: mapValues($defs, strict) }),
  }
}

function strictObject(schema: JsonSchema): JsonSchema {
  const { properties = {} } = schema
  const toRequired = (property: JsonSchema, name: string): JsonSchema => {
    const mayStay = isRequired(schema, name) || acceptsNull(property)
    return mayStay ? strict(property) : { anyOf: [strict(property), { type: 'null' }] }
  }
  return {
    properties: mapValues(properties, toRequired),
    required: Object.keys(properties),
    additionalProperties: false,
  }
}

/** The author's description, and the limits that strict mode would not let us state otherwise. */
function describe(schema: JsonSchema): string {
  const limits = Object.entries(schema)
    .filter(([keyword, value]) => ![...structural, ...descriptive].includes(keyword) && !isSafeIntegerBound(value))
    .map(([keyword, value]) => `${keyword}: ${JSON.stringify(value)}`)
  return [schema.description ?? '', limits.join(', ')].filter((part) => part !== '').join(' — ')
}

/** Zod states them for each integer; to a model they are noise. */
function isSafeIntegerBound(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) === Number.MAX_SAFE_INTEGER
}

function dropNulls(value: unknown, schema: JsonSchema, root: JsonSchema): unknown {
  const shape = branchFor(value, resolve(schema, root), root)
  if (Array.isArray(value)) {
    const { items } = shape
    return typeof items === 'object' ? value.map((item) => dropNulls(item, items, root)) : value
  }
  if (!isRecord(value)) return value
  const kept = Object.entries(value).filter(([name, property]) => {
    const known = shape.properties?.[name]
    if (property !== null || known === undefined) return true
    return isRequired(shape, name) || acceptsNull(resolve(known, root))
  })
  return Object.fromEntries(
    kept.map(([name, property]) => [name, dropNulls(property, shape.properties?.[name] ?? {}, root)]),
  )
}

/** The branch of a union that the value seems to belong to. */
function branchFor(value: unknown, schema: JsonSchema, root: JsonSchema): JsonSchema {
  const branches = schema.anyOf ?? schema.oneOf
  if (!branches) return schema
  const resolved = branches.map((branch) => branchFor(value, resolve(branch, root), root))
  return resolved.find((branch) => fits(value, branch)) ?? {}
}

function fits(value: unknown, schema: JsonSchema): boolean {
  if (Array.isArray(value)) return schema.type === 'array'
  if (!isRecord(value)) return false
  const { properties = {}, required = [] } = schema
  return (
    schema.type === 'object' &&
    required.every((name) => name in value) &&
    Object.entries(properties).every(
      ([name, { const: constant }]) => constant === undefined || constant === value[name],
    )
  )
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema
  if (schema.$ref === '#') return root
  return root.$defs?.[schema.$ref.replace('#/$defs/', '')] ?? {}
}

function acceptsNull(schema: JsonSchema): boolean {
  const branches = schema.anyOf ?? schema.oneOf
  if (branches) return branches.some(acceptsNull)
  if (schema.enum) return schema.enum.includes(null)
  if (schema.const !== undefined) return schema.const === null
  if (schema.type !== undefined) return [schema.type].flat().includes('null')
  return schema.$ref === undefined
}

function isRequired(schema: JsonSchema, name: string): boolean {
  return schema.required?.includes(name) ?? false
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In, key: string) => Out) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))
}
