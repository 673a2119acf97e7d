import { z } from 'zod'
import { type Operation, operations } from './operations.ts'
import { anyMessageSchema, documentedMessageSchema, protocolVersion } from './protocol.ts'

type JsonSchema = Record<string, unknown>

const problemSchema = {
  type: 'object',
  description: 'A problem, RFC 9457.',
  required: ['type', 'title', 'status', 'detail', 'instance'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
  },
}
/** What every operation may answer, beside its own. */
const usualProblems = [400, 401, 404, 429, 503]

/** The OpenAPI document of the protocol, made of the schemas that check it. */
export function openApiDocument(): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [operationId, operation] of Object.entries<Operation>(operations)) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operationId, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Desktop link',
      version: `${protocolVersion}.0.0`,
      description: 'How a desktop agent asks its cloud. The path stays; what is added is optional.',
    },
    security: [{ apiKey: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: { Problem: problemSchema, InboundMessage: schemaOf(documentedMessageSchema, 'input') },
    },
  }
}

function describe(operationId: string, operation: Operation): JsonSchema {
  const { request, response, status, problems } = operation
  const answer =
    response instanceof z.ZodType
      ? { 'application/json': { schema: schemaOf(response, 'output') } }
      : { 'text/event-stream': { schema: { type: 'string', 'x-event-data': schemaOf(response.events, 'output') } } }
  const problem = {
    description: 'A problem.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
  return {
    operationId,
    summary: operation.summary,
    parameters: parametersOf(operation),
    ...(request === undefined ? {} : { requestBody: bodyOf(request) }),
    responses: {
      [status]: { description: 'Done.', content: answer },
      ...Object.fromEntries([...usualProblems, ...problems].map((code) => [code, problem])),
    },
  }
}

function bodyOf(request: z.ZodType | 'bytes'): JsonSchema {
  const content =
    request === 'bytes'
      ? { 'application/octet-stream': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } } }
      : { 'application/json': { schema: schemaOf(request, 'input') } }
  return { required: true, content }
}

function parametersOf({ path, query }: Operation): JsonSchema[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const { properties = {}, required = [] } = query ? schemaOf(query, 'input') : {}
  const inQuery = Object.entries(properties as Record<string, JsonSchema>).map(([name, schema]) => ({
    name,
    in: 'query',
    required: (required as string[]).includes(name),
    schema,
  }))
  return [...inPath, ...inQuery]
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      // Read loosely, so that types which are not known yet are no error; described exactly.
      if (zodSchema !== anyMessageSchema) return
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
      Object.assign(jsonSchema, { $ref: '#/components/schemas/InboundMessage' })
    },
  })
  return json
}
